import { Button, SegmentedControl, Textarea, TextInput } from "@mantine/core";
import { IconEye, IconKey } from "@tabler/icons-react";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import { useMe } from "../signin/me";
import { Dialog } from "./Dialog";
import { Holder, HolderField, type Held } from "./HolderField";
import { useAct, type Safe } from "./vault";
import css from "./vault.module.css";
import { rightWords, thing } from "./words";

type Right = NonNullable<Safe["rights"]>[number];

// Rights are who may use or see what is in a safe, and since when and why.
export function Rights({ of: s, onTold }: { of: Safe; onTold: (words: string) => void }) {
  const [giving, setGiving] = useState(false);
  const [taking, setTaking] = useState<Right>();
  const me = useMe();
  const may = s.may?.["safe.grant"]?.allowed ?? false;
  const rights = s.rights ?? [];
  return (
    <Panel title="Who may use it" note={may && <Button variant="default" size="compact-sm" onClick={() => setGiving(true)}>Give a right</Button>} flush>
      {rights.length === 0 ? <p className={css.none}>Nobody may yet{may ? ": give somebody a right." : ". Its owner gives rights."}</p> : (
        <Rows items={rights.map((r) => ({
          key: `${r.holder} ${r.right}`, start: r.right === "reveal" ? <IconEye size={18} stroke={1.6} aria-hidden /> : <IconKey size={18} stroke={1.6} aria-hidden />,
          title: <><Holder of={thing(r.holder, s.names)} /></>,
          note: <>{rightWords[r.right]}{r.ends ? <>, until <Time at={r.ends} absolute /></> : null}{r.reason && `, “${r.reason}”`}, since <Time at={r.since} /></>,
          end: may && r.holder !== me.data?.identity && <Button variant="default" size="compact-sm" onClick={() => setTaking(r)}>Take it<span className="out-of-view"> from {s.names[r.holder] ?? r.holder}: {rightWords[r.right]}</span></Button>,
        }))}
        />
      )}
      {giving && <Give of={s} onClose={() => setGiving(false)} onDone={(words) => { setGiving(false); onTold(words); }} />}
      {taking && <Take of={s} right={taking} onClose={() => setTaking(undefined)} onDone={(words) => { setTaking(undefined); onTold(words); }} />}
    </Panel>
  );
}

interface ActProps {
  of: Safe;
  onClose: () => void;
  onDone: (words: string) => void;
}

function Give({ of: s, onClose, onDone }: ActProps) {
  const [holder, setHolder] = useState<Held | null>(null);
  const [right, setRight] = useState<"use" | "reveal">("use");
  const [until, setUntil] = useState("");
  const [reason, setReason] = useState("");
  const give = useAct(
    () => ask(api.POST("/v1/safes/{id}/rights", { params: { path: { id: s.id } }, body: { holder: holder?.id ?? "", right, reason: reason.trim(), ends: until ? new Date(`${until}T12:00`).toISOString() : undefined } })),
    () => onDone(`${holder?.name ?? "They"} ${right === "reveal" ? "may use and see" : "may use"} what is in ${s.name}.`),
  );
  return (
    <Dialog title={`Who may use what is in ${s.name}?`} does="Give the right" act={give} ready={Boolean(holder) && reason.trim() !== ""} onClose={onClose}>
      <HolderField value={holder} onChange={setHolder} />
      <SegmentedControl aria-label="What they may do" value={right} onChange={(v) => setRight(v as "use")} data={[{ value: "use", label: "Use it, and not see it" }, { value: "reveal", label: "Use it and see it" }]} fullWidth />
      <TextInput type="date" label="Until" description="Without a date, until somebody takes it" maw="18rem" value={until} onChange={(e) => setUntil(e.currentTarget.value)} />
      <Textarea label="Why?" required autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
    </Dialog>
  );
}

function Take({ of: s, right: r, onClose, onDone }: ActProps & { right: Right }) {
  const [reason, setReason] = useState("");
  const name = s.names[r.holder] ?? r.holder;
  const take = useAct(() => ask(api.POST("/v1/safes/{id}/rights/revoke", { params: { path: { id: s.id } }, body: { holder: r.holder, right: r.right, reason: reason.trim() } })), () => onDone(`${name} has that right no more.`));
  return (
    <Dialog title={`Take the right from ${name}`} does="Take it" loud act={take} ready={reason.trim() !== ""} onClose={onClose}>
      <p>What they have out by it ends at once.</p>
      <Textarea label="Why?" required autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
    </Dialog>
  );
}
