import { Button, Select, Textarea } from "@mantine/core";
import { IconHourglass, IconKey } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import { Mark } from "../../ui/Mark";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import { Named } from "../access/Named";
import { Clock } from "../elevate/Clock";
import { choices, lasting } from "../elevate/words";
import { Dialog } from "./Dialog";
import { useAct, useSafe, type Checkout } from "./vault";
import css from "./vault.module.css";
import { outWords, room, thing } from "./words";

interface OutsProps {
  items: Checkout[];
  names: Record<string, string>;
  about?: "secret" | "person"; // what each line begins with
  own?: boolean; // all are of whoever looks
  onTold: (words: string) => void;
}

// Outs are check-outs under way, each with the time that is left and what one may do.
export function Outs({ items, names, about = "secret", own, onTold }: OutsProps) {
  const [doing, setDoing] = useState<{ what: "extend" | "force"; to: Checkout }>();
  const close = () => setDoing(undefined);
  const told = (words: string) => { close(); onTold(words); };
  return (
    <>
      <Rows items={items.map((c) => ({
        key: c.id, below: true, start: c.state === "waiting" ? <IconHourglass size={18} stroke={1.6} aria-hidden /> : <IconKey size={18} stroke={1.6} aria-hidden />,
        title: about === "person" ? <Named of={thing(c.identity, names)} /> : <><Named of={thing(c.secret, names)} /> <span className="quiet">in</span> <Named of={thing(c.safe, names)} /></>,
        note: <Note of={c} names={names} person={about === "secret" && !own} />,
        end: <Ends of={c} name={names[c.secret] ?? c.secret} onDo={(what) => setDoing({ what, to: c })} onTold={onTold} />,
      }))}
      />
      {doing?.what === "extend" && <Extend of={doing.to} name={names[doing.to.secret] ?? "it"} onClose={close} onDone={told} />}
      {doing?.what === "force" && <Force of={doing.to} names={names} onClose={close} onDone={told} />}
    </>
  );
}

function Note({ of: c, names, person }: { of: Checkout; names: Record<string, string>; person: boolean }) {
  return (
    <span className="within-text">
      {c.state === "waiting" && <><Mark tone={outWords(c.state).tone} bare>{outWords(c.state).label}</Mark> </>}
      {person && <><Named of={thing(c.identity, names)} />, </>}
      {c.reason ? `“${c.reason}”` : "no reason given"}{c.ticket && `, ${c.ticket}`}
      {c.state === "out" && <>, since <Time at={c.started} /></>}
      {c.exclusive && ", alone"}{c.rotates && c.state === "out" && ", changed at its end"}
      {c.state === "waiting" && c.approval && <>, <Link to="/approvals/$id" params={{ id: c.approval }}>who has to agree</Link></>}
    </span>
  );
}

interface EndsProps {
  of: Checkout;
  name: string;
  onDo: (what: "extend" | "force") => void;
  onTold: (words: string) => void;
}

function Ends({ of: c, name, onDo, onTold }: EndsProps) {
  const waits = c.state === "waiting";
  const back = useAct(() => ask(api.POST("/v1/checkouts/{id}/checkin", { params: { path: { id: c.id } } })), () => onTold(waits ? `You ask for ${name} no more.` : `${name} is given back.`));
  const own = c.may?.["checkout.end"]?.allowed;
  const of = <span className="out-of-view">: {name}</span>;
  return (
    <span className={css.ends}>
      {c.state === "out" && c.started && c.ends && <Clock from={c.started} until={c.ends} />}
      {own && !waits && <Button variant="default" size="xs" onClick={() => onDo("extend")}>Have it longer{of}</Button>}
      {own && <Button variant={waits ? "default" : "filled"} size="xs" loading={back.isPending} onClick={() => back.mutate(undefined, { onError: (e) => onTold(asProblem(e).message) })}>{waits ? "Withdraw it" : "Check it in"}{of}</Button>}
      {!own && c.may?.["checkout.force"]?.allowed && <Button variant="default" size="xs" onClick={() => onDo("force")}>{waits ? "End it" : "Take it back"}{of}</Button>}
    </span>
  );
}

interface ActProps {
  of: Checkout;
  onClose: () => void;
  onDone: (words: string) => void;
}

function Extend({ of: c, name, onClose, onDone }: ActProps & { name: string }) {
  const safe = useSafe(c.safe);
  const left = safe.data ? room(safe.data.data.terms.most_minutes, c.started, c.ends) : 0;
  const [chosen, setMinutes] = useState<string>();
  const [reason, setReason] = useState("");
  const may = left > 0 ? choices(left) : [];
  const minutes = chosen ?? String(may.find((m) => m >= 30) ?? may[may.length - 1] ?? 0);
  const extend = useAct(
    () => ask(api.POST("/v1/checkouts/{id}/extend", { params: { path: { id: c.id } }, body: { minutes: Number(minutes), reason: reason.trim() } })),
    () => onDone(`You have ${name} ${lasting(Number(minutes))} longer.`),
  );
  return (
    <Dialog title={`Have ${name} longer`} does="Have it longer" act={extend} ready={left > 0} onClose={onClose}>
      {safe.data && left === 0 ? <p>It is out for as long as the terms of its safe let it be. Check it in, and out again.</p> : (
        <>
          <Select label="By how much?" allowDeselect={false} data={may.map((m) => ({ value: String(m), label: lasting(m) }))} value={minutes} onChange={(v) => v && setMinutes(v)} data-autofocus />
          <Textarea label="Why?" autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
        </>
      )}
    </Dialog>
  );
}

function Force({ of: c, names, onClose, onDone }: ActProps & { names: Record<string, string> }) {
  const [reason, setReason] = useState("");
  const name = names[c.secret] ?? "it";
  const force = useAct(() => ask(api.POST("/v1/checkouts/{id}/force", { params: { path: { id: c.id } }, body: { reason: reason.trim() } })), () => onDone(`${name} is taken back.`));
  return (
    <Dialog title={`Take ${name} back from ${names[c.identity] ?? "them"}`} does="Take it back" loud act={force} ready={reason.trim() !== ""} onClose={onClose}>
      <p>What they have open with it may break off. {c.rotates ? "It is given another value, so that what they know opens nothing." : "Where they have seen it, they know it still: rotate it, too."}</p>
      <Textarea label="Why?" required autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
    </Dialog>
  );
}
