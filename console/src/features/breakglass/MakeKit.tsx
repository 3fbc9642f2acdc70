import { ActionIcon, Button, MultiSelect, NumberInput, Textarea, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { save } from "../../client/download";
import { Rows } from "../../ui/Rows";
import { PersonField, type Person } from "../access/PersonField";
import { useMe } from "../signin/me";
import { Dialog } from "../vault/Dialog";
import { useSecrets } from "../vault/vault";
import { useAct } from "./breakglass";
import css from "./breakglass.module.css";
import { fileName } from "./words";

interface MakeProps {
  onClose: () => void;
  onDone: (words: string) => void;
}

interface Token {
  holder: Person | null;
  key: string;
}

// MakeKit seals what opens some accounts for its holders. What comes back is sealed, and is
// saved as a file at once.
export function MakeKit({ onClose, onDone }: MakeProps) {
  const secrets = useSecrets();
  const [name, setName] = useState("");
  const [held, setHeld] = useState<string[]>([]);
  const [holders, setHolders] = useState<Person[]>([]);
  const [tokens, setTokens] = useState<Token[]>([]);
  const [threshold, setThreshold] = useState(2);
  const [persons, setPersons] = useState(2);
  const [days, setDays] = useState(90);
  const [reason, setReason] = useState("");
  const make = useAct(
    () => ask(api.POST("/v1/break-glass", { body: {
      name: name.trim(), secrets: held, holders: holders.map((p) => p.id), tokens: tokens.map((t) => ({ holder: t.holder?.id ?? "", public: t.key.trim() })),
      threshold, persons, lasts_days: days, reason: reason.trim(),
    } })),
    (k) => onDone(`${save(new Blob([k.kit ?? ""], { type: "text/plain" }), fileName(k))} is saved: keep copies where they are found when nothing else works. Each holder picks up their share.`),
  );
  const choices = (secrets.data?.items ?? []).filter((x) => x.state === "live" && x.account && x.current).map((x) => ({ value: x.id, label: `${x.names[x.safe] ?? "a safe"}/${x.name}` }));
  const ready = name.trim() !== "" && held.length > 0 && threshold >= 2 && holders.length >= threshold && tokens.every((t) => t.holder && t.key.trim() !== "") && reason.trim() !== "";
  return (
    <Dialog title="Make a break-glass kit" does="Make it, and save the file" act={make} ready={ready} onClose={onClose}>
      <p>What the secrets are now is sealed into a file, which opens with enough shares and without Writ. You are none of its holders: whoever makes a kit has no share of it.</p>
      <TextInput label="Name" required maxLength={64} value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
      <MultiSelect label="What it holds" required searchable data={choices} value={held} onChange={setHeld} description="Secrets of break-glass, administrator’s and built-in accounts" nothingFoundMessage="No secret is called so" />
      <HoldersField of={holders} onChange={setHolders} />
      <div className={css.pair}>
        <NumberInput label="Shares that open it" min={2} max={50} decimalScale={0} value={threshold} onChange={(v) => setThreshold(Number(v) || 2)} error={holders.length > 0 && holders.length < threshold && `Name ${threshold} holders or more`} />
        <NumberInput label="People who have to be there" min={1} max={20} decimalScale={0} value={persons} onChange={(v) => setPersons(Number(v) || 1)} />
        <NumberInput label="Good for days" min={1} max={400} decimalScale={0} value={days} onChange={(v) => setDays(Number(v) || 90)} />
      </div>
      <TokensField of={tokens} onChange={setTokens} />
      <Textarea label="Why?" required autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
    </Dialog>
  );
}

// HoldersField names the holders: by their name, or by their number in Writ, where whoever
// makes the kit may not search people.
function HoldersField({ of, onChange }: { of: Person[]; onChange: (of: Person[]) => void }) {
  const me = useMe();
  const [number, setNumber] = useState("");
  const searches = (me.data?.may ?? []).includes("identity.read");
  const add = (p: Person | null) => {
    setNumber("");
    if (p && p.id !== "" && !of.some((x) => x.id === p.id)) onChange([...of, p]);
  };
  return (
    <div role="group" aria-label="Holders" className={css.form}>
      {searches ? <PersonField key={of.length} label="Add a holder" description="Each has one share, and sees it once" value={null} onChange={add} /> : (
        <div className={css.pair}>
          <TextInput label="Add a holder" description="By their number in Writ: you may not search people" placeholder="idn_…" maxLength={40} value={number} onChange={(e) => setNumber(e.currentTarget.value)} />
          <Button variant="default" mt="2.9rem" disabled={number.trim() === ""} onClick={() => add({ id: number.trim(), name: number.trim() })}>Add them</Button>
        </div>
      )}
      {of.length > 0 && (
        <Rows items={of.map((p) => ({
          key: p.id, title: p.name,
          end: <ActionIcon variant="default" aria-label={`${p.name} is no holder`} onClick={() => onChange(of.filter((x) => x.id !== p.id))}><IconTrash size={15} aria-hidden /></ActionIcon>,
        }))}
        />
      )}
    </div>
  );
}

function TokensField({ of, onChange }: { of: Token[]; onChange: (of: Token[]) => void }) {
  const put = (i: number, t: Token) => onChange(of.map((x, n) => (n === i ? t : x)));
  return (
    <div className={css.form}>
      {of.map((t, i) => (
        <div key={i} className={css.pair} role="group" aria-label={`Hardware token ${i + 1}`}>
          <PersonField label="Who has the token" value={t.holder} onChange={(holder) => put(i, { ...t, holder })} />
          <TextInput label="Its public key" description="As “writ break-glass token” says it" maxLength={2000} value={t.key} onChange={(e) => put(i, { ...t, key: e.currentTarget.value })} />
          <Button variant="default" leftSection={<IconTrash size={14} aria-hidden />} onClick={() => onChange(of.filter((_, n) => n !== i))}>Without it</Button>
        </div>
      ))}
      {of.length < 10 && <div><Button variant="default" size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => onChange([...of, { holder: null, key: "" }])}>A hardware token opens it, too</Button></div>}
    </div>
  );
}
