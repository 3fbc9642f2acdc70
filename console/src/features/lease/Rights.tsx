import { Button, Textarea, TextInput } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import { useMe } from "../signin/me";
import { Dialog } from "../vault/Dialog";
import { Holder, HolderField, type Held } from "../vault/HolderField";
import { thing } from "../vault/words";
import { useAct, type Template } from "./lease";
import css from "./lease.module.css";

type Right = NonNullable<Template["rights"]>[number];

// Rights are who may have an account made by a template, and since when and why.
export function Rights({ of: t, may, onTold }: { of: Template; may: boolean; onTold: (words: string) => void }) {
  const [giving, setGiving] = useState(false);
  const [taking, setTaking] = useState<Right>();
  const me = useMe();
  const rights = t.rights ?? [];
  return (
    <Panel title="Who may have one made" note={may && <Button variant="default" size="compact-sm" onClick={() => setGiving(true)}>Give a right</Button>} flush>
      {rights.length === 0 ? <p className={css.none}>Nobody may yet{may ? ": give somebody a right." : ". Identity and access management gives rights."}</p> : (
        <Rows items={rights.map((r) => ({
          key: r.holder, start: <IconKey size={18} stroke={1.6} aria-hidden />, title: <Holder of={thing(r.holder, t.names)} />,
          note: <>{r.ends ? <>until <Time at={r.ends} absolute />, </> : null}{r.reason && `“${r.reason}”, `}since <Time at={r.since} /></>,
          end: may && r.holder !== me.data?.identity && <Button variant="default" size="compact-sm" onClick={() => setTaking(r)}>Take it<span className="out-of-view"> from {t.names[r.holder] ?? r.holder}</span></Button>,
        }))}
        />
      )}
      {giving && <Give of={t} onClose={() => setGiving(false)} onDone={(words) => { setGiving(false); onTold(words); }} />}
      {taking && <Take of={t} right={taking} onClose={() => setTaking(undefined)} onDone={(words) => { setTaking(undefined); onTold(words); }} />}
    </Panel>
  );
}

interface ActProps {
  of: Template;
  onClose: () => void;
  onDone: (words: string) => void;
}

function Give({ of: t, onClose, onDone }: ActProps) {
  const [holder, setHolder] = useState<Held | null>(null);
  const [until, setUntil] = useState("");
  const [reason, setReason] = useState("");
  const give = useAct(
    () => ask(api.POST("/v1/lease-templates/{id}/rights", { params: { path: { id: t.id ?? "" } }, body: { holder: holder?.id ?? "", reason: reason.trim(), ends: until ? new Date(`${until}T12:00`).toISOString() : undefined } })),
    () => onDone(`${holder?.name ?? "They"} may have an account made by ${t.name}.`),
  );
  return (
    <Dialog title={`Who may have an account by ${t.name}?`} does="Give the right" act={give} ready={holder !== null && reason.trim() !== ""} onClose={onClose}>
      <HolderField value={holder} onChange={setHolder} />
      <TextInput type="date" label="Until" description="Without a date, until somebody takes it" maw="18rem" value={until} onChange={(e) => setUntil(e.currentTarget.value)} />
      <Textarea label="Why?" required autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
    </Dialog>
  );
}

function Take({ of: t, right: r, onClose, onDone }: ActProps & { right: Right }) {
  const [reason, setReason] = useState("");
  const name = t.names[r.holder] ?? r.holder;
  const take = useAct(() => ask(api.POST("/v1/lease-templates/{id}/rights/revoke", { params: { path: { id: t.id ?? "" } }, body: { holder: r.holder, reason: reason.trim() } })), () => onDone(`${name} has that right no more.`));
  return (
    <Dialog title={`Take the right from ${name}`} does="Take it" loud act={take} ready={reason.trim() !== ""} onClose={onClose}>
      <p>What they have by it ends at once.</p>
      <Textarea label="Why?" required autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
    </Dialog>
  );
}
