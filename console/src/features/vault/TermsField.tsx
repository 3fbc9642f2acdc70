import { ActionIcon, Button, MultiSelect, NumberInput, Select, Switch } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { functionName } from "../function/words";
import type { Stage, Terms } from "./vault";
import css from "./vault.module.css";

const durations = [15, 30, 60, 120, 240, 480, 1440, 10_080, 43_200];

interface TermsProps {
  label: string; // of how long it is at most
  usual?: number[]; // minutes to choose from
  of: Terms;
  onChange: (t: Terms) => void;
  names: Record<string, string>;
}

// whole: each step of terms names somebody.
export function whole(t: Terms): boolean {
  return (t.stages ?? []).every((s) => s.approvers !== null && s.approvers.length > 0);
}

// TermsField says what using something takes, and for how long that is at most.
export function TermsField({ label, usual = durations, of: t, onChange, names }: TermsProps) {
  const stages = t.stages ?? [];
  const put = (i: number, s: Stage | undefined) => onChange({ ...t, stages: s ? stages.map((x, n) => (n === i ? s : x)) : stages.filter((_, n) => n !== i) });
  const choices = [...new Set([...usual, t.most_minutes])].sort((a, b) => a - b);
  return (
    <>
      <Select label={label} allowDeselect={false} value={String(t.most_minutes)} onChange={(v) => onChange({ ...t, most_minutes: Number(v) })} data={choices.map((m) => ({ value: String(m), label: long(m) }))} />
      <div className={css.switches} role="group" aria-label="What using it takes">
        <Switch label="A reason" checked={t.reason ?? false} onChange={(e) => onChange({ ...t, reason: e.currentTarget.checked })} />
        <Switch label="A ticket" checked={t.ticket ?? false} onChange={(e) => onChange({ ...t, ticket: e.currentTarget.checked })} />
        <Switch label="A second factor" checked={t.mfa ?? false} onChange={(e) => onChange({ ...t, mfa: e.currentTarget.checked })} />
      </div>
      <div className={css.stages}>
        {stages.map((s, i) => <StageField key={i} n={i + 1} of={s} names={names} onChange={(x) => put(i, x)} />)}
        {stages.length < 5 && <div><Button variant="default" size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => onChange({ ...t, stages: [...stages, { approvers: [{ owner: true }], quorum: 1, within_minutes: 480 }] })}>{stages.length === 0 ? "Others have to agree" : "And then others"}</Button></div>}
      </div>
    </>
  );
}

export function long(m: number): string {
  if (m % 1440 === 0) return m === 1440 ? "A day" : `${m / 1440} days`;
  return m % 60 === 0 ? `${m / 60} ${m === 60 ? "hour" : "hours"}` : `${m} minutes`;
}

type Approver = NonNullable<Stage["approvers"]>[number];

const deciders = ["security_operations", "platform_owner", "iam"];

const keyOf = (a: Approver) => (a.owner ? "owner" : a.identity ?? a.function ?? "");
const ofKey = (key: string): Approver => (key === "owner" ? { owner: true } : deciders.includes(key) ? { function: key as Approver["function"] } : { identity: key });

function StageField({ n, of: s, names, onChange }: { n: number; of: Stage; names: Record<string, string>; onChange: (s: Stage | undefined) => void }) {
  const chosen = (s.approvers ?? []).map(keyOf);
  const data = [{ value: "owner", label: "Its owner" }, ...deciders.map((f) => ({ value: f, label: functionName(f) }))];
  for (const key of chosen) if (!data.some((d) => d.value === key)) data.push({ value: key, label: names[key] ?? key });
  return (
    <div className={css.stage} role="group" aria-label={`Step ${n}`}>
      <MultiSelect label="Who may agree" data={data} value={chosen} onChange={(v) => onChange({ ...s, approvers: v.map(ofKey) })} error={chosen.length === 0 && "Name somebody"} />
      <NumberInput label="How many" min={1} max={10} decimalScale={0} value={s.quorum} onChange={(v) => onChange({ ...s, quorum: Math.max(1, Number(v) || 1) })} />
      <NumberInput label="Within hours" min={1} max={720} decimalScale={0} value={Math.max(1, Math.round(s.within_minutes / 60))} onChange={(v) => onChange({ ...s, within_minutes: 60 * Math.max(1, Number(v) || 1) })} />
      <ActionIcon variant="default" size="lg" aria-label={`Step ${n} is not needed`} onClick={() => onChange(undefined)}><IconTrash size={16} aria-hidden /></ActionIcon>
    </div>
  );
}
