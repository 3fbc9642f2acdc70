import { NumberInput, Select, Switch, Textarea } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { Answer } from "../../shell/Answer";
import { Rows } from "../../ui/Rows";
import { Dialog } from "../vault/Dialog";
import { useSafe, useSafes } from "../vault/vault";
import { Can } from "./Candidates";
import { useAct, usePreview, type Ask } from "./onboard";
import css from "./onboard.module.css";
import { keyOf, kindOf } from "./words";

interface TakeOverProps {
  accounts: string[];
  kind?: "password" | "ssh_key"; // that the list is narrowed to
  onClose: () => void;
}

const often = [0, 24, 168, 720, 2160, 8760];
const everyWords = (hours: number) => (hours === 0 ? "Not by itself" : hours === 24 ? "Every day" : `Every ${hours / 24} days`);

// TakeOver previews what taking over would do, and does it.
export function TakeOver({ accounts, kind, onClose }: TakeOverProps) {
  const go = useNavigate();
  const safes = useSafes();
  const [safe, setSafe] = useState<string | null>(null);
  const [hours, setHours] = useState(720);
  const [alone, setAlone] = useState(false);
  const [mean, setMean] = useState<number | "">("");
  const [reason, setReason] = useState("");
  const into = useSafe(safe ?? "");
  const keeps = into.data?.data.may?.["secret.add"];
  const body: Ask | undefined = safe ? { safe, accounts, kind, every_hours: hours, alone } : undefined;
  const plan = usePreview(keeps?.allowed ? body : undefined);
  const start = useAct(
    () => ask(api.POST("/v1/onboardings", { body: { ...body!, mean: mean === "" ? undefined : mean, reason: reason.trim() } })),
    (o) => void go({ to: "/onboarding/$id", params: { id: o.id } }),
  );
  const items = plan.data?.items ?? [];
  const guarded = Boolean(plan.data?.guard);
  const ready = plan.data !== undefined && plan.data.taken > 0 && reason.trim() !== "" && (!guarded || mean === plan.data.taken);
  return (
    <Dialog title={`Take over what opens ${accounts.length === 1 ? "an account" : `${accounts.length} accounts`}`} does={plan.data ? `Take over ${plan.data.taken}` : "Take over"} act={start} ready={ready} onClose={onClose}>
      <div className={css.pair}>
        <Select label="Into which safe?" required searchable data={(safes.data?.items ?? []).map((s) => ({ value: s.id, label: s.name }))} value={safe} onChange={setSafe} nothingFoundMessage="No safe is called so" error={keeps && !keeps.allowed && `You keep nothing in it: ${keeps.why ?? "its owner does"}`} data-autofocus />
        <Select label="Then changed" allowDeselect={false} value={String(hours)} onChange={(v) => v && setHours(Number(v))} data={often.map((h) => ({ value: String(h), label: everyWords(h) }))} />
      </div>
      {items.some((c) => c.kind === "ssh_key") && <Switch label="Take out all other keys that open an account" checked={alone} onChange={(e) => setAlone(e.currentTarget.checked)} />}
      {keeps?.allowed && (
        <Answer to={plan} lines={4}>
          {(p) => (
            <section aria-label="What would be taken over" className={css.form}>
              <p className={css.sum}>{p.taken === 0 ? "Nothing would be taken over." : p.taken === 1 ? "One secret would be taken over, and rotated at once. Nothing was changed yet." : `${p.taken} secrets would be taken over, and rotated at once. Nothing was changed yet.`}</p>
              <div className={css.plan}><Rows items={items.map((c) => ({ key: keyOf(c), below: true, title: `${p.names[c.account ?? ""] ?? "an account"} in ${p.names[c.system] ?? "a system"}`, note: kindOf(c.kind).label, end: <Can of={c} /> }))} /></div>
              {p.guard && (
                <div className={css.guard}>
                  <p>{p.guard.charAt(0).toUpperCase() + p.guard.slice(1)}.</p>
                  <NumberInput label="How many do you mean?" min={1} max={1000} decimalScale={0} value={mean} onChange={(v) => setMean(v === "" ? "" : Number(v))} mt="0.6rem" />
                </div>
              )}
            </section>
          )}
        </Answer>
      )}
      <Textarea label="Why?" required autosize minRows={2} maxLength={1000} placeholder="CHG-42: no password that people know" value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
    </Dialog>
  );
}
