import { MultiSelect, NumberInput, Select, Switch, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { clearButton } from "../../ui/clear";
import { Dialog } from "../vault/Dialog";
import { TermsField, whole } from "../vault/TermsField";
import { useAct, type Authority, type Profile } from "./authority";
import css from "./authority.module.css";
import { apiTerms, formTerms, lines } from "./words";

interface FormProps {
  authority: Authority;
  of?: Profile; // without it, one is added
  onClose: () => void;
  onDone: (words: string) => void;
}

const extensions = ["permit-pty", "permit-agent-forwarding", "permit-port-forwarding", "permit-user-rc", "permit-X11-forwarding"];
const minutes = (seconds: number | undefined, otherwise: number) => Math.max(1, Math.round((seconds ?? otherwise * 60) / 60));
const durations = [10, 30, 60, 240, 480, 1440, 10_080, 43_200];

// ProfileForm says what an authority signs, for whom, and on which terms. What it does not ask
// for stays as it was.
export function ProfileForm({ authority: a, of: p, onClose, onDone }: FormProps) {
  const [name, setName] = useState(p?.name ?? "");
  const [principals, setPrincipals] = useState((p?.principals ?? []).join(", "));
  const [logins, setLogins] = useState(p?.logins_of ?? "");
  const [self, setSelf] = useState(p?.self ?? false);
  const [usual, setUsual] = useState(minutes(p?.usual_seconds, 10));
  const [longest, setLongest] = useState(minutes(p?.longest_seconds, 60));
  const [terms, setTerms] = useState(p ? formTerms(p) : { most_minutes: 60, reason: true });
  const [lets, setLets] = useState<string[]>(p?.extensions ?? (a.kind === "ssh_user" ? ["permit-pty"] : []));
  const [networks, setNetworks] = useState((p?.source_address ?? []).join(", "));
  const [command, setCommand] = useState(p?.force_command ?? "");
  const [audience, setAudience] = useState((p?.audience ?? []).join(", "));
  const [reason, setReason] = useState("");
  const systems = useQuery({ queryKey: ["systems", { limit: 1000 }], queryFn: () => ask(api.GET("/v1/systems", { params: { query: { limit: 1000 } } })) });
  const ssh = a.kind === "ssh_user";
  const token = a.kind === "jwt";
  const body = {
    principals: lines(principals), logins_of: logins || undefined, self, usual_seconds: Math.min(usual, longest) * 60, longest_seconds: longest * 60, ...apiTerms({ ...terms, most_minutes: Math.max(terms.most_minutes, longest) }),
    key_types: p?.key_types, extensions: ssh ? lets : undefined, source_address: ssh ? lines(networks) : undefined, force_command: ssh ? command.trim() : undefined,
    audience: token ? lines(audience) : undefined, claims: p?.claims, version: p?.version, reason: reason.trim(),
  };
  const called = name.trim();
  const keep = useAct(() => ask(api.PUT("/v1/authorities/{id}/profiles/{name}", { params: { path: { id: a.id, name: called } }, body })), () => onDone(p ? `${called} is changed.` : `The profile ${called} is there. Say who may have things signed by it.`));
  const somebody = body.principals.length > 0 || logins !== "" || self;
  return (
    <Dialog title={p ? `Change ${p.name}` : "Add a profile"} does={p ? "Save" : "Add it"} act={keep} ready={called !== "" && somebody && (!token || body.audience!.length > 0) && body.reason !== "" && whole(terms)} onClose={onClose}>
      <div className={css.pair}>
        <TextInput label="Name" required disabled={p !== undefined} maxLength={63} spellCheck={false} description="Small letters, digits, dots and dashes" value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
        <TextInput label="For whom?" spellCheck={false} description={a.kind === "ssh_host" ? "Names of hosts; *. stands for one label" : "Logins or names, with commas between them"} value={principals} onChange={(e) => setPrincipals(e.currentTarget.value)} />
      </div>
      <div className={css.pair}>
        <Select label="And for their accounts in" searchable clearable clearButtonProps={clearButton("And for their accounts in")} placeholder="No system" data={(systems.data?.items ?? []).map((s) => ({ value: s.id, label: s.name }))} value={logins || null} onChange={(v) => setLogins(v ?? "")} />
        <Switch label="And for the number of whoever asks" mt="1.9rem" checked={self} onChange={(e) => setSelf(e.currentTarget.checked)} />
      </div>
      <div className={css.pair}>
        <NumberInput label="Minutes that one usually lasts" min={1} decimalScale={0} value={usual} onChange={(v) => setUsual(Math.max(1, Number(v) || 1))} />
        <NumberInput label="Minutes that one lasts at most" min={1} decimalScale={0} value={longest} onChange={(v) => setLongest(Math.max(1, Number(v) || 1))} />
      </div>
      <TermsField label="How long at most, with those that renew it?" usual={durations} of={terms} onChange={setTerms} names={a.names} />
      {ssh && (
        <>
          <MultiSelect label="What does it let them do?" data={extensions} value={lets} onChange={setLets} />
          <div className={css.pair}>
            <TextInput label="Only from these networks" spellCheck={false} placeholder="10.0.0.0/8" value={networks} onChange={(e) => setNetworks(e.currentTarget.value)} />
            <TextInput label="Runs only this" spellCheck={false} maxLength={1000} value={command} onChange={(e) => setCommand(e.currentTarget.value)} />
          </div>
        </>
      )}
      {token && <TextInput label="For which audience?" required spellCheck={false} placeholder="https://reports.example.com" value={audience} onChange={(e) => setAudience(e.currentTarget.value)} />}
      <Textarea label="Why?" required autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
    </Dialog>
  );
}
