import { Alert, Button, CopyButton, Group, Modal, NumberInput, Textarea, TextInput } from "@mantine/core";
import { IconCheck, IconCopy, IconDownload } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import { save } from "../../client/download";
import { asProblem } from "../../client/problem";
import type { Certificate, Profile } from "./authority";
import css from "./authority.module.css";
import { asking, fileName, lines, span } from "./words";

interface SignProps {
  of: Profile;
  kind: string;
  agreed?: Certificate; // that others have agreed to
  onClose: () => void;
  onTold: (words: string) => void;
}

// Sign has something signed for whoever asks: a key that they paste, or a token. What comes
// back is in this component alone.
export function Sign({ of: p, kind, agreed, onClose, onTold }: SignProps) {
  const [text, setText] = useState<string>();
  return (
    <Modal opened onClose={onClose} title={text ? "Signed" : `Have ${kind === "jwt" ? "a token" : "a key"} signed by ${p.name}`} size="lg" closeOnClickOutside={!text}>
      {text ? <Signed text={text} kind={kind} onClose={onClose} /> : <Asking of={p} kind={kind} agreed={agreed} onClose={onClose} onTold={onTold} onText={setText} />}
    </Modal>
  );
}

function Asking({ of: p, kind, agreed, onClose, onTold, onText }: SignProps & { onText: (text: string) => void }) {
  const queries = useQueryClient();
  const [key, setKey] = useState("");
  const [principals, setPrincipals] = useState("");
  const [minutes, setMinutes] = useState(Math.max(1, Math.round((p.usual_seconds ?? 600) / 60)));
  const [reason, setReason] = useState("");
  const [ticket, setTicket] = useState("");
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<unknown>();
  const keyed = kind !== "jwt";
  const waits = (p.stages ?? []).length > 0 && !agreed;
  const ready = (!keyed || key.trim() !== "") && (!p.needs_reason || reason.trim() !== "") && (!p.needs_ticket || ticket.trim() !== "");
  const submit = async (e: FormEvent) => {
    e.preventDefault();
    if (!ready || busy) return;
    setBusy(true);
    setWrong(undefined);
    const body = { profile: p.name, principals: lines(principals), lasts_seconds: minutes * 60, reason: reason.trim(), ticket: ticket.trim(), of: agreed?.id };
    const signed = { body: { ...body, public_key: key.trim() }, cache: "no-store" as const };
    try {
      const c = await ask(kind === "jwt" ? api.POST("/v1/certificates/jwt", { body, cache: "no-store" }) : kind === "x509_client" ? api.POST("/v1/certificates/x509", signed) : api.POST("/v1/certificates/ssh", signed));
      if (c.certificate) {
        onText(c.certificate);
      } else {
        onClose();
        onTold(`Others are asked whether ${p.name} signs for you.`);
      }
    } catch (error) {
      setWrong(error);
    } finally {
      setBusy(false);
      void queries.invalidateQueries({ queryKey: ["authorities"] });
    }
  };
  return (
    <form className={css.form} onSubmit={(e) => void submit(e)} autoComplete="off">
      <p>It takes {asking(p)}, and is good for {span(p.longest_seconds)} at most.</p>
      {keyed && <Textarea label="Your public key" required autosize minRows={3} maxRows={8} maxLength={16_384} spellCheck={false} description={kind === "x509_client" ? "As PEM: a public key, or a request that its key signed" : "The line of a .pub file. The private key stays with you."} value={key} onChange={(e) => setKey(e.currentTarget.value)} data-autofocus />}
      <div className={css.pair}>
        <TextInput label="For whom?" spellCheck={false} description="Without any, all that the profile gives you" placeholder={(p.principals ?? []).join(", ")} value={principals} onChange={(e) => setPrincipals(e.currentTarget.value)} />
        <NumberInput label="For how many minutes?" description=" " min={1} max={Math.max(1, Math.floor((p.longest_seconds ?? 3600) / 60))} decimalScale={0} value={minutes} onChange={(v) => setMinutes(Math.max(1, Number(v) || 1))} />
      </div>
      <Textarea label="Why?" required={p.needs_reason} autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
      {p.needs_ticket && <TextInput label="Ticket" required maxLength={200} value={ticket} onChange={(e) => setTicket(e.currentTarget.value)} />}
      {wrong !== undefined && <Alert color="red" variant="light" role="alert">{asProblem(wrong).message}</Alert>}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>Close</Button>
        <Button type="submit" loading={busy} disabled={!ready}>{waits ? "Ask for it" : "Have it signed"}</Button>
      </Group>
    </form>
  );
}

function Signed({ text, kind, onClose }: { text: string; kind: string; onClose: () => void }) {
  const keep = () => void save(new Blob([text.endsWith("\n") ? text : `${text}\n`], { type: "text/plain" }), fileName(kind));
  return (
    <div className={css.form}>
      <p>{kind === "jwt" ? "Whoever has the token is taken for you until it ends. Keep it as you keep a password." : kind === "x509_client" ? "Put it beside your private key." : "Put it beside your private key, under the same name with -cert.pub at its end: ssh takes it from there."}</p>
      <output className={css.signed} aria-label="What was signed" data-secret={kind === "jwt" || undefined}>{text}</output>
      <Group justify="flex-end">
        <CopyButton value={text}>
          {({ copied, copy }) => <Button variant="default" leftSection={copied ? <IconCheck size={15} aria-hidden /> : <IconCopy size={15} aria-hidden />} onClick={copy}><span aria-live="polite">{copied ? "Copied" : "Copy"}</span></Button>}
        </CopyButton>
        <Button variant="default" leftSection={<IconDownload size={15} aria-hidden />} onClick={keep}>Download it</Button>
        <Button onClick={onClose}>Done</Button>
      </Group>
    </div>
  );
}
