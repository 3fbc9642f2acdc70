import { NumberInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { PersonField, type Person } from "../access/PersonField";
import { useMe } from "../signin/me";
import { Dialog } from "../vault/Dialog";
import { useAct, type Secret } from "../vault/vault";
import type { Consumer } from "./Consumers";
import css from "./rotate.module.css";

interface FormProps {
  secret: Secret;
  of?: Consumer; // without it, one is added
  onClose: () => void;
  onDone: (words: string) => void;
}

// ConsumerForm says which service uses a secret, and by what it is told of another value.
export function ConsumerForm({ secret: x, of: c, onClose, onDone }: FormProps) {
  const me = useMe();
  const [name, setName] = useState(c?.name ?? "");
  const [hook, setHook] = useState(c?.hook ?? "");
  const [reader, setReader] = useState<Person | null>(c?.reads?.id ? { id: c.reads.id, name: c.reads.name } : null);
  const [chosen, setOwner] = useState<Person | null>(c ? { id: c.owned.id, name: c.owned.name } : null);
  const [place, setPlace] = useState(c?.place ?? 0);
  const owner = chosen ?? (!c && me.data ? { id: me.data.identity, name: me.data.name } : null);
  const body = { name: name.trim(), hook: hook.trim(), reader: reader?.id, owner: owner?.id ?? "", place };
  const keep = useAct(
    () => ask(c ? api.PUT("/v1/consumers/{id}", { params: { path: { id: c.id } }, body }) : api.POST("/v1/secrets/{id}/consumers", { params: { path: { id: x.id } }, body })),
    () => onDone(c ? `${body.name} is changed.` : `${body.name} is told when ${x.name} has another value.`),
  );
  return (
    <Dialog title={c ? `Change ${c.name}` : `Which service uses ${x.name}?`} does={c ? "Save" : "Add it"} act={keep} ready={body.name !== "" && owner !== null && (body.hook !== "" || reader !== null)} onClose={onClose}>
      <div className={css.pair}>
        <TextInput label="Name" required maxLength={64} spellCheck={false} placeholder="ledger-api" value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
        <NumberInput label="Place" description="Told once all of a lower place have confirmed" inputWrapperOrder={["label", "input", "description", "error"]} min={0} max={99} decimalScale={0} value={place} onChange={(v) => setPlace(Math.min(99, Math.max(0, Number(v) || 0)))} />
      </div>
      <TextInput label="Told by which hook?" maxLength={64} spellCheck={false} description="As the configuration of the nodes calls it" value={hook} onChange={(e) => setHook(e.currentTarget.value)} />
      <PersonField label="Reads it as" description="Its next read confirms. A service is told by a hook, or reads, or both." value={reader} onChange={setReader} services nobody="It does not read it" />
      <PersonField label="Who answers for it" description="Is told where it does not confirm" value={owner} onChange={setOwner} clearable={false} />
    </Dialog>
  );
}
