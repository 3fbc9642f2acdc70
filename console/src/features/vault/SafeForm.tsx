import { Select, Switch, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { api, askWithTag } from "../../client/client";
import { PersonField, type Person } from "../access/PersonField";
import { useMe } from "../signin/me";
import { Dialog } from "./Dialog";
import { long, TermsField, whole } from "./TermsField";
import { useAct, type Safe, type Terms, type Versioned } from "./vault";
import css from "./vault.module.css";

interface FormProps {
  of?: Versioned<Safe>; // without it, one is added
  onClose: () => void;
  onDone: (words: string) => void;
}

// SafeForm says what a safe is, and what using what is in it takes.
export function SafeForm({ of, onClose, onDone }: FormProps) {
  const was = of?.data;
  const me = useMe();
  const person = (id: string | undefined): Person | null => (id && was ? { id, name: was.names[id] ?? id } : null);
  const [name, setName] = useState(was?.name ?? "");
  const [description, setDescription] = useState(was?.description ?? "");
  const [chosen, setOwner] = useState<Person | null>(person(was?.owner));
  const [deputy, setDeputy] = useState<Person | null>(person(was?.deputy));
  const [terms, setTerms] = useState<Terms>(was?.terms ?? { most_minutes: 240, reason: true });
  const [sharing, setSharing] = useState<"shared" | "exclusive">(was?.sharing ?? "shared");
  const [rotates, setRotates] = useState(was?.rotates ?? false);
  const [outside, setOutside] = useState(was?.outside_minutes ?? 0);
  const [reason, setReason] = useState("");
  const owner = chosen ?? (!was && me.data ? { id: me.data.identity, name: me.data.name } : null);
  const body = { name: name.trim(), description: description.trim(), scope: was?.scope, owner: owner?.id ?? "", deputy: deputy?.id, terms, sharing, rotates, outside_minutes: outside, reason: reason.trim() };
  const keep = useAct(
    () => askWithTag(of ? api.PUT("/v1/safes/{id}", { params: { path: { id: of.data.id }, header: { "If-Match": of.tag } }, body }) : api.POST("/v1/safes", { body })),
    () => onDone(of ? `${body.name} is changed.` : `The safe ${body.name} is there. Say who may use what is in it.`),
  );
  const ready = body.name !== "" && owner !== null && terms.most_minutes > 0 && whole(terms);
  return (
    <Dialog title={was ? `Change ${was.name}` : "Add a safe"} does={was ? "Save" : "Add it"} act={keep} ready={ready} onClose={onClose}>
      <div className={css.pair}>
        <TextInput label="Name" required maxLength={64} value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
        <TextInput label="What is in it?" maxLength={500} value={description} onChange={(e) => setDescription(e.currentTarget.value)} />
      </div>
      <div className={css.pair}>
        <PersonField label="Owner" value={owner} onChange={setOwner} clearable={false} />
        <PersonField label="Deputy" value={deputy} onChange={setDeputy} nobody="Nobody: the owner’s manager" />
      </div>
      <TermsField label="How long is something out at most?" of={terms} onChange={setTerms} names={was?.names ?? {}} />
      <div className={css.pair}>
        <Select label="How many have a secret at once?" allowDeselect={false} value={sharing} onChange={(v) => setSharing(v as "shared")} data={[{ value: "shared", label: "Several people" }, { value: "exclusive", label: "One person at a time" }]} />
        <Switch label="What comes back is given another value" mt="1.9rem" checked={rotates} onChange={(e) => setRotates(e.currentTarget.checked)} />
      </div>
      <Select label="May it be given to people outside, by a link that opens once?" allowDeselect={false} value={String(outside)} onChange={(v) => setOutside(Number(v))} data={[{ value: "0", label: "No" }, ...[...new Set([60, 480, 1440, 4320, 10_080, ...(outside > 0 ? [outside] : [])])].sort((a, b) => a - b).map((m) => ({ value: String(m), label: `For ${long(m).toLowerCase()} at most` }))]} />
      {was && <Textarea label="Why?" autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />}
    </Dialog>
  );
}
