import { Button, Select, Textarea } from "@mantine/core";
import { IconAlertTriangle, IconHourglass, IconUserPlus } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import { Mark } from "../../ui/Mark";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import { Named } from "../access/Named";
import { Clock } from "../elevate/Clock";
import { choices, lasting, minutesOf } from "../elevate/words";
import { Dialog } from "../vault/Dialog";
import { room, thing } from "../vault/words";
import type { Account } from "./Given";
import { useAct, type Lease } from "./lease";
import css from "./lease.module.css";
import { endWords, stateWords } from "./words";

type Step = "renew" | "force" | "retry";

interface RunningProps {
  items: Lease[];
  names: Record<string, string>;
  own?: boolean; // all are of whoever looks
  onTold: (words: string) => void;
  onGiven: (account: Account) => void;
}

// Running are leases that are not over, each with the time that is left and what one may do.
export function Running({ items, names, own, onTold, onGiven }: RunningProps) {
  const [doing, setDoing] = useState<{ what: Step; to: Lease }>();
  const close = () => setDoing(undefined);
  const told = (words: string) => { close(); onTold(words); };
  return (
    <>
      <Rows items={items.map((l) => ({
        key: l.id, below: true, start: <Sign of={l} />,
        title: <><Link to="/leases/$id" params={{ id: l.id }}>{l.login}</Link> <span className="quiet">in</span> <Named of={thing(l.system, names)} /></>,
        note: <Note of={l} names={names} own={own} />, end: <Ends of={l} names={names} onDo={(what) => setDoing({ what, to: l })} onTold={onTold} onGiven={onGiven} />,
      }))}
      />
      {doing?.what === "renew" && <Renew of={doing.to} onClose={close} onDone={told} />}
      {doing?.what === "force" && <Reasoned of={doing.to} does="force" names={names} onClose={close} onDone={told} />}
      {doing?.what === "retry" && <Reasoned of={doing.to} does="retry" names={names} onClose={close} onDone={told} />}
    </>
  );
}

function Sign({ of: l }: { of: Lease }) {
  const Icon = l.late ? IconAlertTriangle : l.state === "waiting" ? IconHourglass : IconUserPlus;
  return <Icon size={18} stroke={1.6} aria-hidden />;
}

function Note({ of: l, names, own }: { of: Lease; names: Record<string, string>; own?: boolean }) {
  const words = stateWords(l);
  return (
    <span className="within-text">
      <Mark tone={words.tone} bare>{words.label}</Mark>{" "}
      {!own && <><Named of={thing(l.identity, names)} />, </>}
      by <Named of={thing(l.template, names)} />
      {l.reason && <>, “{l.reason}”</>}{l.ticket && `, ${l.ticket}`}
      {l.approval && <>, <Link to="/approvals/$id" params={{ id: l.approval }}>who has to agree</Link></>}
      {l.state === "ending" && <>: {endWords(l.code)} <Time at={l.over_at} /></>}
      {l.state === "ending" && (l.attempts ?? 0) > 0 && <span className={css.wrong}>Tried {l.attempts === 1 ? "once" : `${l.attempts} times`}{l.said && `: ${l.said}`}</span>}
    </span>
  );
}

interface EndsProps {
  of: Lease;
  names: Record<string, string>;
  onDo: (what: Step) => void;
  onTold: (words: string) => void;
  onGiven: (account: Account) => void;
}

function Ends({ of: l, names, onDo, onTold, onGiven }: EndsProps) {
  const waits = l.state === "waiting";
  const path = { params: { path: { id: l.id } } };
  const back = useAct(() => ask(api.POST("/v1/leases/{id}/return", path)), () => onTold(waits ? `You ask for ${l.login} no more.` : `${l.login} is being taken away.`));
  const take = useAct(async () => {
    const x = await ask(api.POST("/v1/leases/{id}/take", { ...path, cache: "no-store" }));
    onGiven({ login: x.login, password: x.password ?? "", system: names[x.system] ?? x.system, until: x.ends_at }); // and no query or mutation has it
  });
  const wrong = { onError: (e: Error) => onTold(asProblem(e).message) };
  const own = l.may["lease.end"]?.allowed;
  const of = <span className="out-of-view">: {l.login}</span>;
  const stands = waits || l.state === "making" || l.state === "active";
  return (
    <span className={css.ends}>
      {l.state === "active" && l.starts_at && l.ends_at && <Clock from={l.starts_at} until={l.ends_at} />}
      {own && waits && l.agreed_at && <Button size="xs" loading={take.isPending} onClick={() => take.mutate(undefined, wrong)}>Have it made{of}</Button>}
      {own && l.state === "active" && <Button variant="default" size="xs" onClick={() => onDo("renew")}>Have it longer{of}</Button>}
      {own && stands && <Button variant={waits ? "default" : "filled"} size="xs" loading={back.isPending} onClick={() => back.mutate(undefined, wrong)}>{waits ? "Withdraw it" : "Give it back"}{of}</Button>}
      {!own && stands && l.may["lease.force"]?.allowed && <Button variant="default" size="xs" onClick={() => onDo("force")}>Take it back{of}</Button>}
      {l.state === "ending" && l.may["lease.force"]?.allowed && <Button variant="default" size="xs" onClick={() => onDo("retry")}>Try it now{of}</Button>}
    </span>
  );
}

interface ActProps {
  of: Lease;
  onClose: () => void;
  onDone: (words: string) => void;
}

function Renew({ of: l, onClose, onDone }: ActProps) {
  const left = room(minutesOf(l.most), l.starts_at, l.ends_at);
  const may = choices(Math.max(1, minutesOf(l.most)));
  const [minutes, setMinutes] = useState(String(may.find((m) => m >= minutesOf(l.lasts)) ?? may[may.length - 1] ?? 1));
  const renew = useAct(() => ask(api.POST("/v1/leases/{id}/renew", { params: { path: { id: l.id } }, body: { for: `${minutes}m` } })), () => onDone(`${l.login} lasts longer.`));
  return (
    <Dialog title={`Have ${l.login} longer`} does="Have it longer" act={renew} ready={left > 0} onClose={onClose}>
      <p>From its start to its end it lasts {lasting(Math.max(1, minutesOf(l.most)))} at most.</p>
      {left === 0 ? <p>It lasts that long already. Have another made when it is over.</p> : <Select label="How long from now on?" allowDeselect={false} data={may.map((m) => ({ value: String(m), label: lasting(m) }))} value={minutes} onChange={(v) => v && setMinutes(v)} data-autofocus />}
    </Dialog>
  );
}

function Reasoned({ of: l, does, names, onClose, onDone }: ActProps & { does: "force" | "retry"; names: Record<string, string> }) {
  const [reason, setReason] = useState("");
  const body = { params: { path: { id: l.id } }, body: { reason: reason.trim() } };
  const act = useAct(() => ask(does === "force" ? api.POST("/v1/leases/{id}/force", body) : api.POST("/v1/leases/{id}/retry", body)), () => onDone(does === "force" ? `${l.login} is taken back.` : `${l.login} is tried again now.`));
  const force = does === "force";
  return (
    <Dialog title={force ? `Take ${l.login} back from ${names[l.identity] ?? "them"}` : `Try again to take ${l.login} away`} does={force ? "Take it back" : "Try it now"} loud={force} act={act} ready={reason.trim() !== ""} onClose={onClose}>
      <p>{force ? "Its sessions end, what it owned is handed over, and the account is taken away." : "It is tried again by itself all the same, at the latest every five minutes."}</p>
      <Textarea label="Why?" required autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
    </Dialog>
  );
}
