import { Button, CopyButton, Drawer, Group } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import { Answer } from "../../shell/Answer";
import { count } from "../../ui/Figures";
import { Mark } from "../../ui/Mark";
import { Facts } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import { Named } from "../access/Named";
import { actorName, said } from "../access/words";
import css from "./audit.module.css";

// Record is one record whole: what it says, its leaf as the tree hashes it, and the proof
// that the log holds it.
export function Record({ id, onClose, onNarrow }: { id: number; onClose: () => void; onNarrow: (to: { actor?: string; object?: string }) => void }) {
  const shown = useQuery({ queryKey: ["audit record", id], queryFn: () => ask(api.GET("/v1/audit/records/{id}", { params: { path: { id } } })) });
  return (
    <Drawer opened onClose={onClose} position="right" size="lg" title={`Record ${count(id)}`}>
      <Answer to={shown} lines={8}>
        {(r) => (
          <div className={css.record}>
            <Facts items={[
              ["What", <span key="w">{said(r.action.replaceAll(".", " "))} <code className="quiet">{r.action}</code></span>],
              ["To what", r.object && <Named of={r.object} />], ["By whom", r.person ? <Named of={r.person} /> : actorName(r.actor)],
              ["When", <span key="t"><Time at={r.at} absolute />, <code>{r.at}</code></span>], ["Revision", r.revision ? count(r.revision) : undefined],
            ]}
            />
            <Group gap="xs">
              <Button size="xs" variant="default" onClick={() => onNarrow({ actor: r.actor })}>All by the same</Button>
              {r.object && <Button size="xs" variant="default" onClick={() => onNarrow({ object: r.object!.id })}>All to the same</Button>}
            </Group>
            <section>
              <h3>What it says</h3>
              {r.erased && <p className="quiet">Names and texts were erased. The leaf still proves that there were some.</p>}
              <Facts items={Object.entries({ ...r.facts, ...r.personal }).map(([name, value]) => [said(name), value])} />
            </section>
            <section>
              <h3>How it is proved</h3>
              {r.proof ? (
                <>
                  <p><Mark tone="good">In the signed tree</Mark> Leaf {count(r.proof.leaf)} of {count(r.proof.size)}, with {count((r.proof.hashes ?? []).length)} hashes up to the root that the checkpoint signs.</p>
                  <Copied label="Copy the proof" value={JSON.stringify({ text: r.text, proof: r.proof }, null, 2)} />
                </>
              ) : <p><Mark tone="mild">Waiting</Mark> The next checkpoint will cover it, within a moment.</p>}
              {r.text && <details><summary>The leaf, as the tree hashes it</summary><pre className={css.leaf}>{r.text}</pre></details>}
              {r.proof && <details><summary>The checkpoint</summary><pre className={css.leaf}>{r.proof.checkpoint}</pre></details>}
            </section>
          </div>
        )}
      </Answer>
    </Drawer>
  );
}

function Copied({ label, value }: { label: string; value: string }) {
  return (
    <CopyButton value={value}>
      {({ copied, copy }) => <Button size="xs" variant="default" leftSection={copied ? <IconCheck size={14} /> : <IconCopy size={14} />} onClick={copy}><span aria-live="polite">{copied ? "Copied" : label}</span></Button>}
    </CopyButton>
  );
}
