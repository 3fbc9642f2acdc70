import { Alert, Button, Checkbox, Group, Modal } from "@mantine/core";
import { IconCopy, IconDownload, IconEye, IconEyeOff } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import { copied } from "../../client/copy";
import { save } from "../../client/download";
import { asProblem } from "../../client/problem";
import type { AnswerOf } from "../../client/types";
import type { Kit } from "./breakglass";
import css from "./breakglass.module.css";

type Share = AnswerOf<"pick-up-break-glass-share">;

interface PickUpProps {
  of: Kit;
  onClose: () => void;
  onDone: (words: string) => void;
}

// PickUp shows somebody their share of a kit, which happens once. It lies in this component
// alone: no query, mutation, address or storage ever holds it, and it is on the page only
// while it is shown.
export function PickUp({ of: k, onClose, onDone }: PickUpProps) {
  const [share, setShare] = useState<Share>();
  return (
    <Modal opened onClose={share ? () => undefined : onClose} withCloseButton={!share} title={`Your share of ${k.name}`} size="lg" closeOnClickOutside={!share} closeOnEscape={!share}>
      {share ? <Held of={share} onGone={() => onDone(`You have your share of ${k.name}. It is nowhere else.`)} /> : <Asking of={k} onClose={onClose} onShare={setShare} />}
    </Modal>
  );
}

function Asking({ of: k, onClose, onShare }: { of: Kit; onClose: () => void; onShare: (s: Share) => void }) {
  const queries = useQueryClient();
  const [sure, setSure] = useState(false);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<unknown>();
  const submit = async (e: FormEvent) => {
    e.preventDefault();
    if (!sure || busy) return;
    setBusy(true);
    setWrong(undefined);
    try {
      onShare(await ask(api.POST("/v1/break-glass/{id}/share", { params: { path: { id: k.id } }, cache: "no-store" })));
      void queries.invalidateQueries({ queryKey: ["break glass"] });
    } catch (error) {
      setWrong(error);
      setBusy(false);
    }
  };
  return (
    <form className={css.form} onSubmit={(e) => void submit(e)} autoComplete="off">
      <div className={css.loud}><p><strong>You see it this once.</strong> From then on it is nowhere but with you: where it is lost, another kit has to be made.</p></div>
      <p>Print it, or write it down, and keep it where you reach it when no system works, and never beside another one. Alone it opens nothing.</p>
      <Checkbox label="I can keep it now, and nobody looks over my shoulder" checked={sure} onChange={(e) => setSure(e.currentTarget.checked)} />
      {wrong !== undefined && <Alert color="red" variant="light" role="alert">{asProblem(wrong).message}</Alert>}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>Close</Button>
        <Button type="submit" loading={busy} disabled={!sure}>Pick it up</Button>
      </Group>
    </form>
  );
}

// Held is the share until its holder says that they have it. It hides when they turn to
// another page.
function Held({ of: s, onGone }: { of: Share; onGone: () => void }) {
  const [shown, setShown] = useState(false);
  const [kept, setKept] = useState(false);
  const [said, setSaid] = useState("");
  useEffect(() => {
    const hide = () => { if (document.hidden) setShown(false); };
    const leaving = (e: BeforeUnloadEvent) => e.preventDefault();
    document.addEventListener("visibilitychange", hide);
    addEventListener("beforeunload", leaving);
    return () => { document.removeEventListener("visibilitychange", hide); removeEventListener("beforeunload", leaving); };
  }, []);
  const copy = async () => setSaid(await copied(s.text));
  const keep = () => setSaid(`Saved as ${save(new Blob([`${s.text}\n`], { type: "text/plain" }), `${s.kit.replaceAll(/[^\p{L}\p{N}._-]+/gu, "-")}-share-${s.share}.txt`)}. Print it, and delete the file.`);
  return (
    <div className={css.form}>
      <p>Share {s.share} of {s.kit}. It opens the kit that says <code>{s.number}</code>, in each of its editions.</p>
      {shown ? <output className={css.value} aria-label="Your share" data-secret>{s.text}</output> : <div className={`${css.value} ${css.veiled}`}>It is not shown.</div>}
      <p role="status" className={said ? css.told : "out-of-view"}>{said}</p>
      <Group>
        <Button variant="default" leftSection={shown ? <IconEyeOff size={15} aria-hidden /> : <IconEye size={15} aria-hidden />} onClick={() => setShown(!shown)} data-autofocus>{shown ? "Hide it" : "Show it"}</Button>
        <Button variant="default" leftSection={<IconCopy size={15} aria-hidden />} onClick={() => void copy()}>Copy without showing</Button>
        <Button variant="default" leftSection={<IconDownload size={15} aria-hidden />} onClick={keep}>Save as a file</Button>
      </Group>
      <Checkbox label="I have kept it: after this nobody can show it to me again" checked={kept} onChange={(e) => setKept(e.currentTarget.checked)} />
      <Group justify="flex-end"><Button disabled={!kept} onClick={onGone}>Done</Button></Group>
    </div>
  );
}
