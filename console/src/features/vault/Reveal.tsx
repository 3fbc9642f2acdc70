import { Alert, Button, Checkbox, Group, Modal, Textarea, TextInput } from "@mantine/core";
import { IconCheck, IconCopy, IconEye, IconEyeOff } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import { copied } from "../../client/copy";
import { asProblem } from "../../client/problem";
import type { AnswerOf } from "../../client/types";
import type { Secret, Terms } from "./vault";
import css from "./vault.module.css";

type Revealed = AnswerOf<"reveal-secret">;

// lasts is for how many seconds a value that was revealed is there, shown or not.
export const lasts = 30;

interface RevealProps {
  of: Secret;
  number?: number; // of a version; without it, the current one
  checkout?: string; // in which it is seen
  terms?: Terms;
  onClose: () => void;
}

// Reveal lets somebody see what a secret is. It asks first, hides by itself, and keeps the
// value in this component alone: no query, mutation, address or storage ever holds it, and it
// is on the page only while it is shown.
export function Reveal({ of, number, checkout, terms, onClose }: RevealProps) {
  const [value, setValue] = useState<Revealed>();
  return (
    <Modal opened onClose={onClose} title={`Reveal ${of.name}`} size="lg" closeOnClickOutside={!value}>
      {value ? <Held of={value} onGone={onClose} /> : <Asking of={of} number={number} checkout={checkout} terms={terms} onClose={onClose} onValue={setValue} />}
    </Modal>
  );
}

function Asking({ of, number, checkout, terms, onClose, onValue }: RevealProps & { onValue: (value: Revealed) => void }) {
  const queries = useQueryClient();
  const [reason, setReason] = useState("");
  const [ticket, setTicket] = useState("");
  const [sure, setSure] = useState(false);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<unknown>();
  const ticketed = terms?.ticket === true && checkout === undefined;
  const ready = sure && reason.trim() !== "" && (!ticketed || ticket.trim() !== "");
  const submit = async (e: FormEvent) => {
    e.preventDefault();
    if (!ready || busy) return;
    setBusy(true);
    setWrong(undefined);
    try {
      onValue(await ask(api.POST("/v1/secrets/{id}/reveal", { params: { path: { id: of.id } }, body: { reason: reason.trim(), ticket: ticket.trim(), checkout, version: number }, cache: "no-store" })));
      void queries.invalidateQueries({ queryKey: ["vault"] }); // who has seen it
    } catch (error) {
      setWrong(error);
      setBusy(false);
    }
  };
  return (
    <form className={css.form} onSubmit={(e) => void submit(e)} autoComplete="off">
      <div className={css.loud}>
        <p><strong>You will know it from then on.</strong> That is recorded with your name and your reason before you see anything, and it stays in the list of who has seen it. Once you leave, it is changed.</p>
      </div>
      <p>Most of the time a secret need not be seen: check it out, and have it used for you.</p>
      <Textarea label="Why do you have to see it?" required autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
      {ticketed && <TextInput label="Ticket" required maxLength={200} value={ticket} onChange={(e) => setTicket(e.currentTarget.value)} />}
      <Checkbox label="I have to know it, and nobody looks over my shoulder" checked={sure} onChange={(e) => setSure(e.currentTarget.checked)} />
      {wrong !== undefined && <Alert color="red" variant="light" role="alert">{asProblem(wrong).message}</Alert>}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>Close</Button>
        <Button type="submit" color="red.9" loading={busy} disabled={!ready}>Reveal it</Button>
      </Group>
    </form>
  );
}

// Held is a value for a while: to copy without its being shown, or to look at. It hides when
// somebody turns to another page, and is gone at its end.
function Held({ of, onGone }: { of: Revealed; onGone: () => void }) {
  const [left, setLeft] = useState(lasts);
  const [shown, setShown] = useState(false);
  const [said, setSaid] = useState("");
  useEffect(() => {
    const until = Date.now() + lasts * 1000;
    const ticking = setInterval(() => {
      const rest = Math.ceil((until - Date.now()) / 1000);
      if (rest > 0) setLeft(rest);
      else onGone();
    }, 250);
    const hide = () => { if (document.hidden) setShown(false); };
    document.addEventListener("visibilitychange", hide);
    return () => { clearInterval(ticking); document.removeEventListener("visibilitychange", hide); };
  }, [onGone]);
  const copy = async () => setSaid(await copied(of.value));
  return (
    <div className={css.form}>
      <p>Version {of.number}{of.base64 && ", written in base64, since it is no text"}. You can copy it without its being shown.</p>
      {shown ? <output className={css.value} aria-label="What it is" data-secret>{of.value}</output> : <div className={`${css.value} ${css.veiled}`}>It is not shown.</div>}
      <p role="status" className={said ? css.told : "out-of-view"}>{said}</p>
      <Group justify="space-between">
        <span className={css.count}><span aria-hidden="true">Gone in {left} s</span><span className="out-of-view">It is gone {lasts} seconds after it was revealed</span></span>
        <Group>
          <Button variant="default" leftSection={said.startsWith("Copied") ? <IconCheck size={15} aria-hidden /> : <IconCopy size={15} aria-hidden />} onClick={() => void copy()} data-autofocus>Copy without showing</Button>
          <Button variant="default" leftSection={shown ? <IconEyeOff size={15} aria-hidden /> : <IconEye size={15} aria-hidden />} onClick={() => setShown(!shown)}>{shown ? "Hide it" : "Show it"}</Button>
          <Button onClick={onGone}>Done</Button>
        </Group>
      </Group>
    </div>
  );
}
