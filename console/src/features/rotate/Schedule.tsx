import { Button, Select } from "@mantine/core";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { Dialog } from "../vault/Dialog";
import { useAct, type Secret } from "../vault/vault";
import type { Schedule as Plan } from "./rotate";
import css from "./rotate.module.css";
import { everyWords } from "./words";

interface ScheduleProps {
  of: Secret;
  plan?: Plan;
  onClose: () => void;
  onDone: (words: string) => void;
}

const usual = [24, 168, 336, 720, 2160, 8760];
const hours = Array.from({ length: 24 }, (_, h) => ({ value: String(h), label: `${String(h).padStart(2, "0")}:00` }));

// Schedule says how often a secret is given another value by itself, and in which hours.
export function Schedule({ of: x, plan, onClose, onDone }: ScheduleProps) {
  const [every, setEvery] = useState(String(plan?.every_hours ?? 720));
  const [from, setFrom] = useState(String(plan?.from ?? 0));
  const [until, setUntil] = useState(String(plan?.until ?? 0));
  const path = { params: { path: { id: x.id } } };
  const keep = useAct(() => ask(api.PUT("/v1/secrets/{id}/rotation", { ...path, body: { every_hours: Number(every), from: Number(from), until: Number(until) } })), () => onDone(`${x.name} is rotated ${everyWords(Number(every))}.`));
  const end = useAct(() => ask(api.DELETE("/v1/secrets/{id}/rotation", path)), () => onDone(`${x.name} is not rotated by itself any more.`));
  const choices = [...new Set([...usual, Number(every)])].sort((a, b) => a - b);
  return (
    <Dialog title={`When is ${x.name} rotated by itself?`} does="Save" act={keep} onClose={onClose}>
      <p>It counts from the value that it has now. The hours are by UTC, and say when it may begin; the same hour twice is the whole day.</p>
      <Select label="How often?" allowDeselect={false} value={every} onChange={(v) => v && setEvery(v)} data={choices.map((h) => ({ value: String(h), label: everyWords(h).replace(/^e/, "E") }))} data-autofocus />
      <div className={css.pair}>
        <Select label="Not before" allowDeselect={false} value={from} onChange={(v) => v && setFrom(v)} data={hours} />
        <Select label="Not after" allowDeselect={false} value={until} onChange={(v) => v && setUntil(v)} data={hours} />
      </div>
      {plan && <div><Button variant="default" size="xs" loading={end.isPending} onClick={() => end.mutate()}>Not by itself any more</Button></div>}
    </Dialog>
  );
}
