import { ActionIcon, Button } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconPlugConnected } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import type { ItemOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { Mark } from "../../ui/Mark";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import { Named } from "../access/Named";
import { Dialog } from "../vault/Dialog";
import { useAct, type Secret } from "../vault/vault";
import { ConsumerForm } from "./ConsumerForm";
import css from "./rotate.module.css";
import { moved, stageWords } from "./words";

export type Consumer = ItemOf<"list-consumers">;

interface ConsumersProps {
  of: Secret;
  onTold: (words: string) => void;
}

type Doing = { what: "add" } | { what: "change" | "remove" | "confirm"; to: Consumer };

// Consumers are the services that use a secret, in the order in which they are told of
// another value, and how far each has come with the one of now.
export function Consumers({ of: x, onTold }: ConsumersProps) {
  const found = useQuery({
    queryKey: ["rotations", "consumers", x.id], queryFn: () => ask(api.GET("/v1/consumers", { params: { query: { secret: x.id } } })),
    refetchInterval: (q) => ((q.state.data?.items ?? []).some((c) => c.stage !== "current") ? 3000 : 30_000),
  });
  const [doing, setDoing] = useState<Doing>();
  const may = x.state === "live" && (x.may?.["secret.change"]?.allowed ?? false);
  const close = () => setDoing(undefined);
  const done = (words: string) => { close(); onTold(words); };
  const items = found.data?.items ?? [];
  return (
    <Panel title="Who uses it, and is told" note={may && <Button variant="default" size="compact-sm" onClick={() => setDoing({ what: "add" })}>Add a service</Button>} flush>
      <Answer to={found} lines={2}>
        {() => (items.length === 0 ? <p className={css.none}>No service is known that uses it. Nobody is told when it is given another value.</p> : (
          <Rows items={items.map((c) => ({
            key: c.id, below: true, start: <IconPlugConnected size={18} stroke={1.6} aria-hidden />,
            title: <>{c.name} <span className="quiet">in place {c.place}</span></>, note: <Note of={c} />, end: <Acts of={c} all={items} live={x.state === "live"} onDo={setDoing} onTold={onTold} />,
          }))}
          />
        ))}
      </Answer>
      {doing?.what === "add" && <ConsumerForm secret={x} onClose={close} onDone={done} />}
      {doing?.what === "change" && <ConsumerForm secret={x} of={doing.to} onClose={close} onDone={done} />}
      {doing?.what === "remove" && <Remove of={doing.to} onClose={close} onDone={done} />}
      {doing?.what === "confirm" && <Confirm of={doing.to} onClose={close} onDone={done} />}
    </Panel>
  );
}

function Note({ of: c }: { of: Consumer }) {
  const words = stageWords(c.stage);
  return (
    <span className="within-text">
      <Mark tone={words.tone} bare>{words.label}</Mark>{" "}
      {c.stage === "current" ? <>{c.uses ? <>version {c.uses}, since <Time at={c.uses_since} /></> : "nothing yet"}</> : <>version {c.wants}{c.uses ? `, uses ${c.uses}` : ""}{c.told_at && <>, told <Time at={c.told_at} /></>}</>}
      ; {c.hook && <>told by {c.hook}</>}{c.hook && c.reads?.id && ", "}{c.reads?.id && <>reads it as <Named of={c.reads} /></>}; <Named of={c.owned} /> answers for it
      {c.error && <span className={css.wrong}>{c.attempts ? `Tried ${c.attempts === 1 ? "once" : `${c.attempts} times`}: ` : ""}{c.error}</span>}
    </span>
  );
}

interface ActsProps {
  of: Consumer;
  all: Consumer[];
  live: boolean;
  onDo: (doing: Doing) => void;
  onTold: (words: string) => void;
}

function Acts({ of: c, all, live, onDo, onTold }: ActsProps) {
  const up = moved(all, c.id, -1);
  const down = moved(all, c.id, 1);
  const move = useAct((): Promise<unknown> => Promise.resolve());
  const to = async (places: { id: string; place: number }[]) => {
    try {
      for (const p of places) {
        const is = all.find((x) => x.id === p.id);
        if (is) await ask(api.PUT("/v1/consumers/{id}", { params: { path: { id: p.id } }, body: { name: is.name, hook: is.hook, reader: is.reader, owner: is.owner, place: p.place } }));
      }
      onTold(`${c.name} has another place.`);
    } catch (error) {
      onTold(asProblem(error).message);
    }
    move.mutate(); // what is shown is asked for again
  };
  const changes = live && c.may["secret.change"]?.allowed;
  const of = <span className="out-of-view">: {c.name}</span>;
  return (
    <span className={css.acts}>
      {changes && up && <ActionIcon variant="default" aria-label={`Tell ${c.name} earlier`} onClick={() => void to(up)}><IconArrowUp size={15} aria-hidden /></ActionIcon>}
      {changes && down && <ActionIcon variant="default" aria-label={`Tell ${c.name} later`} onClick={() => void to(down)}><IconArrowDown size={15} aria-hidden /></ActionIcon>}
      {c.stage !== "current" && c.wants && c.may["consumer.confirm"]?.allowed && <Button size="compact-sm" onClick={() => onDo({ what: "confirm", to: c })}>It uses it{of}</Button>}
      {changes && <Button variant="default" size="compact-sm" onClick={() => onDo({ what: "change", to: c })}>Change it{of}</Button>}
      {changes && <Button variant="default" size="compact-sm" onClick={() => onDo({ what: "remove", to: c })}>Remove it{of}</Button>}
    </span>
  );
}

interface ActProps {
  of: Consumer;
  onClose: () => void;
  onDone: (words: string) => void;
}

function Remove({ of: c, onClose, onDone }: ActProps) {
  const remove = useAct(() => ask(api.DELETE("/v1/consumers/{id}", { params: { path: { id: c.id } } })), () => onDone(`${c.name} is told no more.`));
  return (
    <Dialog title={`Tell ${c.name} no more`} does="Remove it" loud act={remove} onClose={onClose}>
      <p>When the secret is given another value, {c.name} is not told, and stops working where it uses it still.</p>
    </Dialog>
  );
}

function Confirm({ of: c, onClose, onDone }: ActProps) {
  const confirm = useAct(() => ask(api.POST("/v1/consumers/{id}/confirm", { params: { path: { id: c.id } }, body: { version: c.wants ?? 0 } })), () => onDone(`${c.name} uses version ${c.wants}.`));
  return (
    <Dialog title={`Does ${c.name} use version ${c.wants}?`} does="It uses it" act={confirm} onClose={onClose}>
      <p>Look at the service first. Who comes after it is told then, and of a pair the account of before is changed once all have confirmed.</p>
    </Dialog>
  );
}
