import { Alert, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask, askWithTag } from "../../client/client";
import { clearButton } from "../../ui/clear";
import { kindNames } from "../access/words";
import { known } from "./Describe";
import { Dialog } from "./Dialog";
import { useAct, type Secret } from "./vault";

interface OpensProps {
  of: Secret;
  tag: string;
  onClose: () => void;
  onDone: (words: string) => void;
}

// Opens says which account a secret opens, so that Writ can change it there. People's own
// accounts are theirs, and not offered.
export function Opens({ of: x, tag, onClose, onDone }: OpensProps) {
  const [system, setSystem] = useState(x.system ?? "");
  const [account, setAccount] = useState(x.account ?? "");
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text.trim(), 200);
  const systems = useQuery({ queryKey: ["systems", { limit: 1000 }], queryFn: () => ask(api.GET("/v1/systems", { params: { query: { limit: 1000 } } })) });
  const accounts = useQuery({
    queryKey: ["accounts", { system, q: asked }], enabled: system !== "", placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET("/v1/accounts", { params: { query: { system, q: asked || undefined, limit: 50 } } })),
  });
  const found = new Map((accounts.data?.items ?? []).filter((a) => a.kind !== "person" && a.system.id === system).map((a) => [a.id, { name: a.login || a.native_id, note: kindNames[a.kind] ?? a.kind }]));
  if (account && !found.has(account)) found.set(account, { name: x.names[account] ?? account, note: "" });
  const bind = useAct(
    () => askWithTag(api.PUT("/v1/secrets/{id}", { params: { path: { id: x.id }, header: { "If-Match": tag } }, body: { ...known(x), system: system || undefined, account: account || undefined } })),
    () => onDone(account ? `${x.name} opens ${found.get(account)?.name ?? "it"}.` : `What ${x.name} opens is not known any more.`),
  );
  return (
    <Dialog title={`What does ${x.name} open?`} does="Save" act={bind} onClose={onClose}>
      <p>Once Writ knows the account, it can give it another value there. Whoever has the secret then has the account, so it takes a platform owner of that system, with a second factor.</p>
      <Select
        label="System" searchable clearable clearButtonProps={clearButton("System")} placeholder="It opens no system that is known" data={(systems.data?.items ?? []).map((s) => ({ value: s.id, label: s.name }))}
        value={system || null} onChange={(v) => { setSystem(v ?? ""); setAccount(""); }} data-autofocus
      />
      {system !== "" && (
        <Select
          label="Account" searchable clearable clearButtonProps={clearButton("Account")} placeholder="Begin to type a login" data={[...found].map(([id, a]) => ({ value: id, label: a.name }))} filter={({ options }) => options}
          nothingFoundMessage={accounts.isFetching ? "Looking" : "No account of that name that is nobody's own"} renderOption={({ option }) => <span>{option.label} <span className="quiet">{found.get(option.value)?.note}</span></span>}
          value={account || null} onSearchChange={setText} onChange={(v) => setAccount(v ?? "")}
        />
      )}
      {account !== "" && account !== x.account && <Alert color="yellow" variant="light">From now on what happens to the secret happens to the account: it is given another value at check-in, by schedule, and when somebody leaves who has seen it.</Alert>}
    </Dialog>
  );
}
