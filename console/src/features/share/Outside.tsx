import { Alert, Button, Group, TextInput } from "@mantine/core";
import { IconCheck, IconCopy, IconDownload, IconEye, IconEyeOff } from "@tabler/icons-react";
import { useEffect, useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import { copied } from "../../client/copy";
import { save } from "../../client/download";
import { asProblem } from "../../client/problem";
import { Time } from "../../ui/Time";
import { Door } from "../signin/Door";
import door from "../signin/door.module.css";
import css from "../vault/vault.module.css";
import type { Opened } from "./share";

// What a link carries stands behind #, which no server and no log is sent; it is taken
// out of the address at once.
function taken(): string {
  const token = location.hash.slice(1);
  if (token) history.replaceState(null, "", location.pathname);
  return token;
}

const token = taken();

// Outside is where the link of a share leads: somebody who cannot sign in sees a secret, once.
// It is opened when they press the button, so that a program which only looks at links does not
// use it up.
export function Outside() {
  const [opened, setOpened] = useState<Opened>();
  useEffect(() => { document.title = "A secret for you · Writ"; }, []);
  if (!token) return <Door title="This link is not whole" text="Open it again from where you got it; all of it belongs into the address, also what stands behind #.">{null}</Door>;
  return opened ? <Held of={opened} /> : <Opening onOpened={setOpened} />;
}

function Opening({ onOpened }: { onOpened: (opened: Opened) => void }) {
  const [asked, setAsked] = useState(false); // it takes a code
  const [code, setCode] = useState("");
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<unknown>();
  const over = wrong !== undefined && asProblem(wrong).code === "share-over";
  const submit = async (e: FormEvent) => {
    e.preventDefault();
    if (busy) return;
    setBusy(true);
    setWrong(undefined);
    try {
      onOpened(await ask(api.POST("/v1/shares/open", { body: { token, code: code.trim() }, cache: "no-store" })));
    } catch (error) {
      setBusy(false);
      if (asProblem(error).code === "share-code-required" && !asked) setAsked(true);
      else setWrong(error);
    }
  };
  if (over) return <Door title="This link opens nothing" text="It was opened already, or is over, or was never one. Ask whoever sent it to you for another.">{null}</Door>;
  return (
    <Door title="Somebody gives you a secret" text="It is shown once. Open it when you are ready to keep it where you keep passwords.">
      <form className={door.form} onSubmit={(e) => void submit(e)} autoComplete="off">
        {wrong !== undefined && <Alert color="red" variant="light" role="alert">{asProblem(wrong).message}</Alert>}
        {asked && <TextInput label="Code" description="Whoever sent you the link tells you the code by another way." required autoCapitalize="characters" spellCheck={false} maxLength={40} value={code} onChange={(e) => setCode(e.currentTarget.value)} />}
        <Button type="submit" size="md" fullWidth loading={busy} disabled={asked && code.trim() === ""}>{asked ? "Show it" : "Open it"}</Button>
      </form>
    </Door>
  );
}

// Held is what was given. It is in this component alone, and gone with the page.
function Held({ of }: { of: Opened }) {
  const [shown, setShown] = useState(false);
  const [said, setSaid] = useState("");
  const copy = async () => setSaid(await copied(of.value));
  return (
    <Door title={`From ${of.sponsor}`} text={<>This is gone when you leave the page, and the link opens nothing any more. Expect it to be changed by <Time at={of.until} />.</>}>
      {shown ? <output className={css.value} aria-label="What it is" data-secret>{of.value}</output> : <div className={`${css.value} ${css.veiled}`}>It is not shown.</div>}
      {of.base64 && <p className={door.small}>It is no text, and written in base64.</p>}
      <p role="status" className={said ? css.told : "out-of-view"}>{said}</p>
      <Group grow>
        <Button variant="default" leftSection={said.startsWith("Copied") ? <IconCheck size={15} aria-hidden /> : <IconCopy size={15} aria-hidden />} onClick={() => void copy()}>Copy it</Button>
        <Button variant="default" leftSection={shown ? <IconEyeOff size={15} aria-hidden /> : <IconEye size={15} aria-hidden />} onClick={() => setShown(!shown)}>{shown ? "Hide it" : "Show it"}</Button>
      </Group>
      {of.kind === "file" && <Button variant="default" leftSection={<IconDownload size={15} aria-hidden />} onClick={() => keep(of)}>Save it as a file</Button>}
    </Door>
  );
}

function keep(of: Opened): void {
  save(new Blob([of.base64 ? Uint8Array.from(atob(of.value), (c) => c.charCodeAt(0)) : of.value]), "secret");
}
