import { ActionIcon, Button, Group, Modal, Tooltip } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { IconCheck, IconCopy, IconDownload } from "@tabler/icons-react";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { save } from "../../client/download";
import { asProblem } from "../../client/problem";
import { Mark } from "../../ui/Mark";
import { Facts, Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import type { Kit, Opening } from "./breakglass";
import css from "./breakglass.module.css";
import { drillWords, fileName, over, triedWords } from "./words";

// useFile saves the newest edition of a kit, sealed, as a file.
export function useFile(k: Kit, onTold: (words: string) => void) {
  return useMutation({
    gcTime: 0, mutationFn: () => ask(api.GET("/v1/break-glass/{id}/file", { params: { path: { id: k.id } } })),
    onSuccess: (f) => onTold(`${save(new Blob([f.kit], { type: "text/plain" }), fileName(k))} is saved. It is sealed: it says what it opens and who holds its shares.`),
    onError: (e) => onTold(asProblem(e).message),
  });
}

// Drill is when a kit was last tried, what that proved, and how to try it.
export function Drill({ of: k, late, onTold }: { of: Kit; late: boolean; onTold: (words: string) => void }) {
  const [holding, setHolding] = useState(false);
  const last = (k.opened ?? []).find((b) => b.drill && b.closed && b.edition === k.edition);
  return (
    <Panel title="The drill" note={!over(k) && <Button variant="default" size="compact-sm" onClick={() => setHolding(true)}>Hold a drill</Button>}>
      <Facts items={[
        ["This edition", <Mark key="last" tone={drillWords(k).tone}>{drillWords(k).label}</Mark>],
        ["Last tried", k.drilled && <Time key="at" at={k.drilled} />],
        ["Next", !over(k) && (late ? <Mark tone="warn">Due since <Time at={k.drill_due} /></Mark> : <Time at={k.drill_due} />)],
      ]}
      />
      {last && <Proved of={last} names={k.names} />}
      {holding && <Holding of={k} onClose={() => setHolding(false)} onTold={onTold} />}
    </Panel>
  );
}

// Proved is what came of each secret in a drill.
export function Proved({ of: b, names }: { of: Opening; names: Record<string, string> }) {
  return (
    <ul className={css.tried} aria-label="What signed in">
      {(b.tried ?? []).map((t) => (
        <li key={t.secret}><Mark tone={t.opens ? "good" : "bad"} bare>{t.opens ? "Signed in" : "Did not sign in"}</Mark> {names[t.secret] ?? "a secret that you may not know of"}{!t.opens && `: ${triedWords(t.code)}`}</li>
      ))}
    </ul>
  );
}

function Holding({ of: k, onClose, onTold }: { of: Kit; onClose: () => void; onTold: (words: string) => void }) {
  const [said, setSaid] = useState("");
  const file = useFile(k, setSaid);
  const by = Array.from({ length: k.persons }, (_, i) => ` --by 'PERSON ${i + 1}'`).join("");
  return (
    <Modal opened onClose={onClose} title={`Hold a drill of ${k.name}`} size="lg">
      <div className={css.form}>
        <p>The holders open the kit with real shares, which no server ever sees. So a drill is held on a node, with the program <code>writ</code>: it signs in with all that the kit holds, and shows nothing. Nobody is alarmed, and nothing is changed.</p>
        <ol className={css.steps}>
          <li>Bring the file from where it lies for the day, or take this edition.<div><Button variant="default" size="xs" leftSection={<IconDownload size={14} aria-hidden />} loading={file.isPending} onClick={() => file.mutate()}>Save the file</Button></div></li>
          <li>{k.threshold} holders come to a node, with their shares. There they run<Command text={`writ break-glass drill ${fileName(k)}${by} --reason 'the drill of this quarter'`} /></li>
          <li>The drill is here as soon as it ends, with what signed in. A record that was written elsewhere is brought with “Bring a record”.</li>
        </ol>
        <p role="status" className={said ? css.told : "out-of-view"}>{said}</p>
        <Group justify="flex-end"><Button variant="default" onClick={() => { onClose(); onTold(""); }}>Close</Button></Group>
      </div>
    </Modal>
  );
}

function Command({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => navigator.clipboard.writeText(text).then(() => setCopied(true), () => setCopied(false));
  return (
    <div className={css.command}>
      <code>{text}</code>
      <Tooltip label={copied ? "Copied" : "Copy it"}><ActionIcon variant="default" aria-label="Copy the command" onClick={() => void copy()}>{copied ? <IconCheck size={15} /> : <IconCopy size={15} />}</ActionIcon></Tooltip>
    </div>
  );
}
