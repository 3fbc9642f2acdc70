import { Pill, Select, Switch, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { lasting, minutesOf } from "../elevate/words";
import { PartField } from "../role/PartField";
import { Dialog } from "../vault/Dialog";
import { TermsField, whole } from "../vault/TermsField";
import type { Versioned } from "../vault/vault";
import { useAct, type Template } from "./lease";
import css from "./lease.module.css";
import { apiTerms, formTerms } from "./words";

interface FormProps {
  of?: Versioned<Template>; // without it, one is added
  onClose: () => void;
  onDone: (words: string) => void;
}

const durations = [5, 15, 30, 60, 120, 240, 480, 1440, 10_080];

// TemplateForm says what an account that is made is given.
export function TemplateForm({ of, onClose, onDone }: FormProps) {
  const was = of?.data;
  const [name, setName] = useState(was?.name ?? "");
  const [description, setDescription] = useState(was?.description ?? "");
  const [system, setSystem] = useState(was?.system ?? "");
  const [given, setGiven] = useState((was?.entitlements ?? []).map((id) => ({ id, name: was?.names[id] ?? id })));
  const [usual, setUsual] = useState(was ? minutesOf(was.usual) : 60);
  const [terms, setTerms] = useState(was ? formTerms(was.terms) : { most_minutes: 480, reason: true });
  const [inherit, setInherit] = useState(was?.inherit ?? true);
  const [successor, setSuccessor] = useState(was?.successor ?? "");
  const [reason, setReason] = useState("");
  const systems = useQuery({ queryKey: ["systems", { limit: 1000 }], queryFn: () => ask(api.GET("/v1/systems", { params: { query: { limit: 1000 } } })) });
  const body = {
    name: name.trim(), description: description.trim(), system, entitlements: given.map((g) => g.id), usual: Math.min(usual, terms.most_minutes) * 60_000_000_000, terms: apiTerms(terms), inherit, successor: successor.trim(), reason: reason.trim(),
  };
  const keep = useAct(
    () => ask(of ? api.PUT("/v1/lease-templates/{id}", { params: { path: { id: was?.id ?? "" }, header: { "If-Match": of.tag } }, body }) : api.POST("/v1/lease-templates", { body })),
    () => onDone(of ? `${body.name} is changed. What was made by it stays as it is.` : `The template ${body.name} is there. Identity and access management says who may use it.`),
  );
  const ready = body.name !== "" && system !== "" && body.reason !== "" && whole(terms);
  return (
    <Dialog title={was ? `Change ${was.name}` : "Add a template"} does={was ? "Save" : "Add it"} act={keep} ready={ready} onClose={onClose}>
      <div className={css.pair}>
        <TextInput label="Name" required maxLength={64} spellCheck={false} description="Without spaces" value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
        <TextInput label="What is it for?" maxLength={500} description="One line" value={description} onChange={(e) => setDescription(e.currentTarget.value)} />
      </div>
      <Select label="System" required searchable allowDeselect={false} disabled={was !== undefined} data={(systems.data?.items ?? []).map((s) => ({ value: s.id, label: s.name }))} value={system || null} onChange={(v) => setSystem(v ?? "")} />
      <PartField entitlementsOnly onAdd={(p) => setGiven((g) => [...g.filter((x) => x.id !== p.id), { id: p.id, name: p.name }])} />
      {given.length > 0 && <Pill.Group>{given.map((g) => <Pill key={g.id} size="md" withRemoveButton removeButtonProps={{ "aria-label": `Do not give ${g.name}`, "aria-hidden": false, tabIndex: 0 }} onRemove={() => setGiven(given.filter((x) => x.id !== g.id))}>{g.name}</Pill>)}</Pill.Group>}
      <div className={css.pair}>
        <Select label="How long does one usually last?" allowDeselect={false} value={String(usual)} onChange={(v) => setUsual(Number(v))} data={[...new Set([...durations, usual])].sort((a, b) => a - b).map((m) => ({ value: String(m), label: lasting(m) }))} />
        <Switch label="It may do that without asking for each" mt="1.9rem" checked={inherit} onChange={(e) => setInherit(e.currentTarget.checked)} />
      </div>
      <TermsField label="How long does one last at most?" of={terms} onChange={setTerms} names={was?.names ?? {}} />
      <TextInput label="Who gets what the account owned?" description="As the system calls them; without it, Writ’s own login there" maxLength={256} spellCheck={false} value={successor} onChange={(e) => setSuccessor(e.currentTarget.value)} />
      <Textarea label="Why?" required autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
    </Dialog>
  );
}
