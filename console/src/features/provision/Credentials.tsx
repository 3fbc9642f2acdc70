import { Alert, Button, Checkbox, CopyButton, Group, Modal } from "@mantine/core";
import { IconCheck, IconCopy, IconKey } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import type { AnswerOf, ItemOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import css from "./provision.module.css";

type Waiting = ItemOf<"list-first-credentials">;
type Picked = AnswerOf<"pick-up-first-credential">;

export function useCredentials() {
  return useQuery({ queryKey: ["first-credentials"], queryFn: () => ask(api.GET("/v1/me/first-credentials")) });
}

// Credentials are first passwords that wait for whoever is signed in. One is picked up once,
// shown once, and lives nowhere but on this page.
export function Credentials() {
  const list = useCredentials();
  const [asked, setAsked] = useState<Waiting>();
  const [picked, setPicked] = useState<Picked>();
  useEffect(() => {
    const clear = () => setPicked(undefined); // a browser may keep the page that was left
    addEventListener("pagehide", clear);
    return () => removeEventListener("pagehide", clear);
  }, []);
  const names = list.data?.names ?? {};
  return (
    <Page title="Which first passwords wait for you?" lead="New accounts begin with a password that nobody chose, good for the first sign-in. It is shown to you once, to hand on; after that nobody can see it again.">
      <Panel flush>
        <Answer to={list} lines={3}>
          {(d) => ((d.items ?? []).length === 0
            ? <Blank sign={IconKey} title="None waits for you" text="When an account is made for somebody whom you answer for, its first password waits here for a week." />
            : (
              <Rows items={(d.items ?? []).map((c) => ({
                key: c.target, start: <IconKey size={18} stroke={1.6} aria-hidden />, title: `${c.login} in ${names[c.system] ?? "a system"}`,
                note: <>{c.identity && `for ${names[c.identity] ?? "somebody"}, `}gone <Time at={c.ends_at} /></>,
                end: <Button variant="default" size="xs" onClick={() => setAsked(c)}>Pick it up</Button>,
              }))}
              />
            ))}
        </Answer>
      </Panel>
      {asked && <Ask of={asked} names={names} onClose={() => setAsked(undefined)} onPicked={(p) => { setAsked(undefined); setPicked(p); }} />}
      {picked && <Once of={picked} names={names} onClose={() => setPicked(undefined)} />}
    </Page>
  );
}

interface AskProps {
  of: Waiting;
  names: Record<string, string>;
  onClose: () => void;
  onPicked: (p: Picked) => void;
}

// Ask warns before what can be done once is done.
function Ask({ of: c, names, onClose, onPicked }: AskProps) {
  const queries = useQueryClient();
  const [ready, setReady] = useState(false);
  const pick = useMutation({
    // The answer goes to the page alone: no cache keeps it.
    mutationFn: async () => onPicked(await ask(api.POST("/v1/me/first-credentials/{target}", { params: { path: { target: c.target } } }))),
    onSettled: () => queries.invalidateQueries({ queryKey: ["first-credentials"] }),
  });
  return (
    <Modal opened onClose={onClose} title={`The first password of ${c.login}`} size="lg">
      <div className={css.form}>
        <Alert color="yellow" variant="light" title="It is shown once">With the answer it is destroyed on the server. If you close it before you have handed it on, the account needs another.</Alert>
        <p>It opens {c.login} in {names[c.system] ?? "the system"}{c.identity && names[c.identity] ? `, the account of ${names[c.identity]}` : ""}. Give it to nobody else, and not by mail. You are asked for your passkey, unless you have just shown it.</p>
        <Checkbox label="Nobody else sees my screen, and I can hand it on now" checked={ready} onChange={(e) => setReady(e.currentTarget.checked)} />
        {pick.error && <Alert color="red" variant="light" role="alert">{asProblem(pick.error).message}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Not now</Button>
          <Button disabled={!ready} loading={pick.isPending} onClick={() => pick.mutate()}>Show it once</Button>
        </Group>
      </div>
    </Modal>
  );
}

// Once is the password. Nothing but the button closes it, so that no slip of a key loses
// what cannot be shown again.
function Once({ of: p, names, onClose }: { of: Picked; names: Record<string, string>; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title={`The first password of ${p.login}, which is shown this once`} size="lg" withCloseButton={false} closeOnEscape={false} closeOnClickOutside={false}>
      <div className={css.form}>
        <code className={css.password} aria-label="The first password">{p.password}</code>
        <p className="quiet">Good for the first sign-in to {names[p.system] ?? "the system"}, which asks for another. Writ keeps no copy.</p>
        <Group justify="flex-end">
          <CopyButton value={p.password}>
            {({ copied, copy }) => (
              <Button variant="default" leftSection={copied ? <IconCheck size={16} /> : <IconCopy size={16} />} onClick={copy}>
                <span aria-live="polite">{copied ? "Copied" : "Copy"}</span>
              </Button>
            )}
          </CopyButton>
          <Button onClick={onClose}>I have handed it on</Button>
        </Group>
      </div>
    </Modal>
  );
}
