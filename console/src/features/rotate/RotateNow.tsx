import { Checkbox, Switch, Textarea } from "@mantine/core";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { Dialog } from "../vault/Dialog";
import { useAct } from "../vault/vault";
import css from "./rotate.module.css";

export interface Rotatable {
  id: string;
  name: string;
  account?: string;
  note?: string;
}

interface RotateProps {
  of: Rotatable[];
  title: string;
  choose?: boolean; // of several, which
  onClose: () => void;
  onDone: (words: string) => void;
}

// RotateNow has secrets given another value where they open something.
export function RotateNow({ of, title, choose, onClose, onDone }: RotateProps) {
  const [left, setLeft] = useState<string[]>([]);
  const [incident, setIncident] = useState(false);
  const [reason, setReason] = useState("");
  const chosen = of.filter((x) => !left.includes(x.id));
  const rotate = useRotate(chosen, incident, reason, onDone);
  return (
    <Dialog title={title} does={choose ? `Rotate ${chosen.length}` : "Rotate it"} act={rotate} ready={chosen.length > 0 && reason.trim() !== ""} onClose={onClose}>
      <p>A new value is drawn, set where it opens something, and tried by signing in. Only then it counts. Nobody sees it.</p>
      {choose ? <Chosen of={of} left={left} onLeft={setLeft} /> : !of[0]?.account && <p>Writ does not know what this one opens: it will wait for a person.</p>}
      <Switch label="Somebody may know it who should not: before all others" checked={incident} onChange={(e) => setIncident(e.currentTarget.checked)} />
      <Textarea label="Why?" required autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
    </Dialog>
  );
}

// useRotate makes secrets due.
export function useRotate(chosen: Rotatable[], incident: boolean, reason: string, onDone: (words: string) => void) {
  return useAct(
    () => ask(api.POST("/v1/rotations", { body: { secrets: chosen.map((x) => x.id), incident, reason: reason.trim() } })),
    () => onDone(chosen.length === 1 ? `${chosen[0]?.name} is being rotated.` : `${chosen.length} secrets are being rotated.`),
  );
}

// Chosen lets some of a list be left out.
export function Chosen({ of, left, onLeft }: { of: Rotatable[]; left: string[]; onLeft: (left: string[]) => void }) {
  return (
    <div className={css.chosen} role="group" aria-label="Which of them">
      {of.map((x) => (
        <Checkbox
          key={x.id} checked={!left.includes(x.id)} label={x.name} description={[x.note, !x.account && "nobody has said what it opens, so it will wait for a person"].filter(Boolean).join("; ")}
          onChange={(e) => onLeft(e.currentTarget.checked ? left.filter((id) => id !== x.id) : [...left, x.id])}
        />
      ))}
    </div>
  );
}
