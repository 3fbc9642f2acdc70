import { Select, Textarea, TextInput } from "@mantine/core";
import { IconCertificate } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { SearchField } from "../../ui/Filter";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Table, tableClass, type Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { useList } from "../../ui/useList";
import { MayButton } from "../access/MayButton";
import { Dialog } from "../vault/Dialog";
import { useSafes } from "../vault/vault";
import { useAct, useAuthorities, type AuthorityLine } from "./authority";
import css from "./authority.module.css";
import { kindLabel, kinds } from "./words";

const keysOf = (a: AuthorityLine, state: string) => (a.keys ?? []).filter((k) => k.state === state);

const columns: Column<AuthorityLine>[] = [
  { id: "name", header: "Authority", cell: (a) => <div><Link to="/authorities/$id" params={{ id: a.id }} className={tableClass.main}>{a.name}</Link>{a.description && <span className={tableClass.sub}>{a.description}</span>}</div> },
  { id: "kind", header: "Signs for", cell: (a) => kindLabel(a.kind) },
  { id: "key", header: "Key", cell: (a) => { const k = keysOf(a, "signing")[0]; return k ? <span>number {k.number}, signs since <Time at={k.signs_at} /></span> : <Mark tone="bad" bare>None signs</Mark>; } },
  { id: "next", header: "Next key", cell: (a) => { const k = keysOf(a, "next")[0]; return k ? <span>signs <Time at={k.signs_at} /></span> : <span className="quiet">none</span>; } },
  { id: "profiles", header: "Profiles", numeric: true, cell: (a) => (a.profiles ?? []).length.toLocaleString("en-GB") },
];

// Authorities answers what signs here, and by which keys.
export function Authorities() {
  const list = useList();
  const found = useAuthorities();
  const [adding, setAdding] = useState(false);
  const [told, setTold] = useState("");
  const q = (list.text("q") ?? "").toLowerCase();
  const rows = found.data && (found.data.items ?? []).filter((a) => q === "" || [a.name, a.description, kindLabel(a.kind)].join(" ").toLowerCase().includes(q));
  return (
    <Page
      title="What signs here, and by which keys?" lead="An authority signs certificates or tokens that are good for minutes, so that nobody keeps a secret. Its keys lie in a safe, and nobody has seen them."
      actions={found.data && <MayButton may={found.data.may["authority.add"]} onClick={() => setAdding(true)}>Make an authority</MayButton>}
    >
      <p role="status" className={told ? css.told : "out-of-view"}>{told}</p>
      <Table
        name="Authorities" columns={columns} rows={rows} rowKey={(a) => a.id} list={list} total={rows?.length} failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />}
        empty={q !== "" ? <Blank title="No authority fits" text="None that you may see is called so." actions={<Link to="/authorities">Show all authorities</Link>} /> : <Blank sign={IconCertificate} title="There is no authority for you" text="You see those whose safe you own, and those that sign for you." />}
        tools={<SearchField list={list} label="Name or kind" />}
      />
      {adding && <Make onClose={() => setAdding(false)} onDone={(words) => { setAdding(false); setTold(words); }} />}
    </Page>
  );
}

function Make({ onClose, onDone }: { onClose: () => void; onDone: (words: string) => void }) {
  const safes = useSafes();
  const [name, setName] = useState("");
  const [kind, setKind] = useState<AuthorityLine["kind"]>("ssh_user");
  const [safe, setSafe] = useState<string | null>(null);
  const [description, setDescription] = useState("");
  const [reason, setReason] = useState("");
  const make = useAct(() => ask(api.POST("/v1/authorities", { body: { name: name.trim(), kind, safe: safe ?? "", description: description.trim(), reason: reason.trim() } })), () => onDone(`The authority ${name.trim()} is there. Say what it signs for whom.`));
  return (
    <Dialog title="Make an authority" does="Make it" act={make} ready={name.trim() !== "" && safe !== null && reason.trim() !== ""} onClose={onClose}>
      <p>Its first key is drawn now and signs at once. Nobody sees it.</p>
      <div className={css.pair}>
        <TextInput label="Name" required maxLength={63} spellCheck={false} description="Small letters, digits, dots and dashes" value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
        <Select label="What does it sign for?" allowDeselect={false} description={kinds[kind]?.signs} value={kind} onChange={(v) => setKind(v as AuthorityLine["kind"])} data={Object.entries(kinds).map(([value, k]) => ({ value, label: k.label }))} />
      </div>
      <Select label="Safe" required searchable allowDeselect={false} description="Its keys lie there, and its owner answers for it" data={(safes.data?.items ?? []).map((s) => ({ value: s.id, label: s.name }))} value={safe} onChange={setSafe} />
      <TextInput label="What is it for?" maxLength={500} value={description} onChange={(e) => setDescription(e.currentTarget.value)} />
      <Textarea label="Why?" required autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
    </Dialog>
  );
}
