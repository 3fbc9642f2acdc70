import { SegmentedControl, Select, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { PersonField, type Person } from "../access/PersonField";
import { Dialog } from "../vault/Dialog";
import { useSecrets, type SecretLine } from "../vault/vault";
import { Chosen, useRotate } from "./RotateNow";

interface IncidentProps {
  onClose: () => void;
  onDone: (words: string) => void;
}

type By = "person" | "safe" | "system";

// useSeen are the secrets whose present value somebody knows.
function useSeen(who: string | undefined) {
  return useQuery({
    queryKey: ["vault", "seen by", who], enabled: who !== undefined,
    queryFn: () => ask(api.GET("/v1/identities/{id}/secrets-seen", { params: { path: { id: who ?? "" }, query: { limit: 1000 } } })),
    select: (d) => new Set((d.items ?? []).filter((s) => s.state === "current" || s.state === "pending").map((s) => s.secret)),
  });
}

const choicesOf = (all: SecretLine[], of: (x: SecretLine) => string | undefined) =>
  [...new Map(all.filter((x) => of(x)).map((x) => [of(x) ?? "", x.names[of(x) ?? ""] ?? of(x) ?? ""]))].map(([value, label]) => ({ value, label })).sort((a, b) => a.label.localeCompare(b.label));

// Incident has many secrets changed at once, before all others: what somebody knew, what was
// in a safe, what opens a system.
export function Incident({ onClose, onDone }: IncidentProps) {
  const [by, setBy] = useState<By>("person");
  const [person, setPerson] = useState<Person | null>(null);
  const [place, setPlace] = useState<string | null>(null);
  const [left, setLeft] = useState<string[]>([]);
  const [reason, setReason] = useState("");
  const secrets = useSecrets();
  const seen = useSeen(by === "person" ? person?.id : undefined);
  const all = (secrets.data?.items ?? []).filter((x) => x.state === "live" && x.may?.["secret.rotate"]?.allowed);
  const asked = by === "person" ? person !== null && seen.data !== undefined : place !== null;
  const fits = (x: SecretLine) => (by === "person" ? seen.data?.has(x.id) ?? false : by === "safe" ? x.safe === place : x.system === place);
  const found = asked ? all.filter(fits).map((x) => ({ id: x.id, name: x.name, account: x.account, note: by === "safe" ? undefined : `in ${x.names[x.safe] ?? "a safe"}` })) : [];
  const chosen = found.filter((x) => !left.includes(x.id));
  const rotate = useRotate(chosen, true, reason, onDone);
  const choose = (v: string) => { setBy(v as By); setPlace(null); setPerson(null); setLeft([]); };
  return (
    <Dialog title="Rotate after an incident" does={`Rotate ${chosen.length}`} loud act={rotate} ready={chosen.length > 0 && reason.trim() !== ""} onClose={onClose}>
      <p>All of these are given another value before anything else is. What uses the value of now stops working until it is told the new one.</p>
      <SegmentedControl aria-label="Which secrets" value={by} onChange={choose} data={[{ value: "person", label: "What somebody knows" }, { value: "safe", label: "What is in a safe" }, { value: "system", label: "What opens a system" }]} fullWidth />
      {by === "person" && <PersonField label="Who" value={person} onChange={setPerson} anybody />}
      {by === "safe" && <Select label="Safe" searchable data={choicesOf(all, (x) => x.safe)} value={place} onChange={setPlace} />}
      {by === "system" && <Select label="System" searchable data={choicesOf(all, (x) => x.system)} value={place} onChange={setPlace} />}
      {asked && (found.length === 0 ? <p>{by === "person" ? "They know no value that is still good, of what you may rotate." : "Nothing there is yours to rotate."}</p> : <Chosen of={found} left={left} onLeft={setLeft} />)}
      <Textarea label="Why?" required autosize minRows={2} maxLength={1000} placeholder="INC-7: a notebook is gone" value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
    </Dialog>
  );
}
