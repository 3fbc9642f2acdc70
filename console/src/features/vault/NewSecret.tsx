import { Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { Dialog } from "./Dialog";
import { ValueField } from "./Put";
import { useAct, type Safe, type Secret } from "./vault";
import css from "./vault.module.css";
import { kinds } from "./words";

interface NewProps {
  safe: Safe;
  onClose: () => void;
  onDone: (words: string) => void;
}

// NewSecret keeps a secret in a safe: one that somebody gives, or one that nobody knows.
export function NewSecret({ safe, onClose, onDone }: NewProps) {
  const [name, setName] = useState("");
  const [kind, setKind] = useState<Secret["kind"]>("password");
  const [description, setDescription] = useState("");
  const [drawn, setDrawn] = useState(true);
  const [value, setValue] = useState("");
  const draws = drawn && (kinds[kind]?.drawn ?? false);
  const add = useAct(
    () => ask(api.POST("/v1/safes/{id}/secrets", { params: { path: { id: safe.id } }, body: { name: name.trim(), kind, description: description.trim(), ...(draws ? { generate: true } : { value }) } })),
    () => { setValue(""); onDone(`${name.trim()} is kept in ${safe.name}.`); },
  );
  return (
    <Dialog title={`Keep a secret in ${safe.name}`} does="Keep it" act={add} ready={name.trim() !== "" && (draws || value !== "")} onClose={onClose}>
      <div className={css.pair}>
        <TextInput label="Name" required maxLength={128} value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
        <Select label="Kind" allowDeselect={false} value={kind} onChange={(v) => { setKind(v as "password"); setValue(""); }} data={Object.entries(kinds).map(([v, k]) => ({ value: v, label: k.label }))} />
      </div>
      <TextInput label="What is it for?" maxLength={500} value={description} onChange={(e) => setDescription(e.currentTarget.value)} />
      <ValueField kind={kind} drawn={drawn} value={value} onDrawn={setDrawn} onValue={setValue} />
    </Dialog>
  );
}
