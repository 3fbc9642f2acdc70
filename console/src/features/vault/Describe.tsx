import { Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { api, askWithTag } from "../../client/client";
import { Dialog } from "./Dialog";
import { useAct, type Secret } from "./vault";

interface DescribeProps {
  of: Secret;
  tag: string;
  onClose: () => void;
  onDone: (words: string) => void;
}

// known is what is known of a secret but for its value, as a change of it is asked for.
export function known(x: Secret) {
  return { name: x.name, kind: x.kind, description: x.description, labels: x.labels, system: x.system, account: x.account, sharing: x.sharing, rules: x.rules };
}

// Describe changes what a secret is called and who may have it at once.
export function Describe({ of: x, tag, onClose, onDone }: DescribeProps) {
  const [name, setName] = useState(x.name);
  const [description, setDescription] = useState(x.description ?? "");
  const [sharing, setSharing] = useState<string>(x.sharing ?? "");
  const change = useAct(
    () => askWithTag(api.PUT("/v1/secrets/{id}", { params: { path: { id: x.id }, header: { "If-Match": tag } }, body: { ...known(x), name: name.trim(), description: description.trim(), sharing: sharing === "" ? undefined : sharing as "shared" } })),
    () => onDone(`${name.trim()} is described anew.`),
  );
  return (
    <Dialog title={`Describe ${x.name}`} does="Save" act={change} ready={name.trim() !== ""} onClose={onClose}>
      <TextInput label="Name" required maxLength={128} value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
      <TextInput label="What is it for?" maxLength={500} value={description} onChange={(e) => setDescription(e.currentTarget.value)} />
      <Select label="How many have it at once?" allowDeselect={false} value={sharing} onChange={(v) => setSharing(v ?? "")} data={[{ value: "", label: "As its safe says" }, { value: "shared", label: "Several people" }, { value: "exclusive", label: "One person at a time" }]} />
    </Dialog>
  );
}
