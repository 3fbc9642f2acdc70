import { Alert, Button, Checkbox, Group, Modal, Select, Textarea, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import { Copy } from "../../ui/Copy";
import { Time } from "../../ui/Time";
import { choices, lasting } from "../elevate/words";
import type { Safe, Secret } from "../vault/vault";
import css from "../vault/vault.module.css";
import type { Made } from "./share";

interface GiveProps {
  of: Secret;
  safe: Safe;
  onClose: () => void;
}

// Give has somebody outside see a secret, once. What opens it is kept in this component alone,
// and nothing but its button closes it then: it cannot be shown again.
export function Give({ of, safe, onClose }: GiveProps) {
  const [made, setMade] = useState<Made>();
  return (
    <Modal opened onClose={onClose} title={`Give ${of.name} outside`} size="lg" withCloseButton={!made} closeOnEscape={!made} closeOnClickOutside={!made}>
      {made ? <Told of={made} onDone={onClose} /> : <Asking of={of} safe={safe} onClose={onClose} onMade={setMade} />}
    </Modal>
  );
}

function Asking({ of, safe, onClose, onMade }: GiveProps & { onMade: (made: Made) => void }) {
  const queries = useQueryClient();
  const most = safe.outside_minutes ?? 0;
  const lengths = choices(most);
  const [form, setForm] = useState({ name: "", email: "", field: "", reason: "", ticket: "", mail: false });
  const [minutes, setMinutes] = useState(String(lengths.filter((m) => m <= 1440).pop() ?? most));
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<unknown>();
  const put = (more: Partial<typeof form>) => setForm({ ...form, ...more });
  const ready = form.name.trim() !== "" && form.email.trim() !== "" && form.reason.trim() !== "" && (!safe.terms.ticket || form.ticket.trim() !== "");
  const waits = (safe.terms.stages ?? []).length > 0;
  const submit = async (e: FormEvent) => {
    e.preventDefault();
    if (!ready || busy) return;
    setBusy(true);
    setWrong(undefined);
    try {
      onMade(await ask(api.POST("/v1/secrets/{id}/shares", {
        params: { path: { id: of.id } }, cache: "no-store",
        body: { recipient: { name: form.name.trim(), email: form.email.trim() }, field: form.field.trim(), minutes: Number(minutes), mail: form.mail, reason: form.reason.trim(), ticket: form.ticket.trim() },
      })));
      void queries.invalidateQueries({ queryKey: ["vault"] });
    } catch (error) {
      setWrong(error);
      setBusy(false);
    }
  };
  return (
    <form className={css.form} onSubmit={(e) => void submit(e)} autoComplete="off">
      <div className={css.loud}>
        <p><strong>Somebody will know it whom Writ does not know.</strong> It opens once, by a link and a code. It is then due for another value, by the end of the time that you give.</p>
      </div>
      <div className={css.pair}>
        <TextInput label="For whom?" required maxLength={200} value={form.name} onChange={(e) => put({ name: e.currentTarget.value })} data-autofocus />
        <TextInput label="Their email address" type="email" required maxLength={254} value={form.email} onChange={(e) => put({ email: e.currentTarget.value })} />
      </div>
      <div className={css.pair}>
        <Select label="For how long?" allowDeselect={false} data={lengths.map((m) => ({ value: String(m), label: lasting(m) }))} value={minutes} onChange={(v) => v && setMinutes(v)} />
        {(of.kind === "json" || of.kind === "database") && <TextInput label="Only this field of it" maxLength={200} value={form.field} onChange={(e) => put({ field: e.currentTarget.value })} />}
        {safe.terms.ticket && <TextInput label="Ticket" required maxLength={200} value={form.ticket} onChange={(e) => put({ ticket: e.currentTarget.value })} />}
      </div>
      <Textarea label="Why?" required autosize minRows={2} maxLength={1000} value={form.reason} onChange={(e) => put({ reason: e.currentTarget.value })} />
      {waits ? <p>Others have to agree first. You see the link now, and it opens nothing before they have.</p>
        : <Checkbox label="Mail them the link. The code you tell them by another way" checked={form.mail} onChange={(e) => put({ mail: e.currentTarget.checked })} />}
      {wrong !== undefined && <Alert color="red" variant="light" role="alert">{asProblem(wrong).message}</Alert>}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>Close</Button>
        <Button type="submit" color="red.9" loading={busy} disabled={!ready}>{waits ? "Ask for it" : "Make the link"}</Button>
      </Group>
    </form>
  );
}

// Told is what opens a share, this once.
function Told({ of, onDone }: { of: Made; onDone: () => void }) {
  return (
    <div className={css.form}>
      <p>{of.state === "waiting" ? "Others are asked. The link opens nothing before they have agreed." : <>It opens once, until <Time at={of.ends} />.</>} You see both of these now, and never again.</p>
      <Copied label="Link" text={of.link} />
      {of.opens_with && <Copied label="Code" text={of.opens_with} />}
      {of.opens_with && <p>Tell {of.recipient.name} the code by another way than the link: by telephone, for one.</p>}
      {of.mailed && <p>The link was mailed to {of.recipient.email}.</p>}
      {of.not_mailed_because && <Alert color="red" variant="light" role="alert">The link was not mailed: {of.not_mailed_because}. Send it yourself.</Alert>}
      <Group justify="flex-end"><Button onClick={onDone}>Done</Button></Group>
    </div>
  );
}

function Copied({ label, text }: { label: string; text: string }) {
  return (
    <div className={css.sure}>
      <Group justify="space-between">
        <span>{label}</span>
        <Copy value={text} what={label.toLowerCase()} />
      </Group>
      <output className={css.value} aria-label={label} data-secret>{text}</output>
    </div>
  );
}
