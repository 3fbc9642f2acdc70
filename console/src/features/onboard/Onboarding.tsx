import { Button, Textarea } from "@mantine/core";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Figures } from "../../ui/Figures";
import { ChoiceField } from "../../ui/Filter";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Facts, Panel } from "../../ui/Panel";
import { Table, tableClass, type Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { useList } from "../../ui/useList";
import { Named } from "../access/Named";
import { RotateNow } from "../rotate/RotateNow";
import { useRotations } from "../rotate/rotate";
import { Dialog } from "../vault/Dialog";
import { useSafe, useSecrets } from "../vault/vault";
import { thing } from "../vault/words";
import { underWay, useAct, useOnboarding, type Item, type Onboarding as Shown } from "./onboard";
import css from "./onboard.module.css";
import { kindOf, stateWords } from "./words";

type Doing = { what: "again" | "let go" | "alone"; of: Item } | { what: "let all go" };

const open = (x: Item) => ["waiting", "due", "failing", "person"].includes(x.state);

// Onboarding is what was taken over together, and how far each item has come.
export function Onboarding() {
  const { id } = useParams({ strict: false }) as { id: string };
  const list = useList();
  const one = useOnboarding(id);
  const safe = useSafe(one.data?.safe ?? "");
  const secrets = useSecrets(one.data?.safe);
  const due = useRotations();
  const [doing, setDoing] = useState<Doing>();
  const [told, setTold] = useState("");
  const trail = [{ label: "Onboarding", to: "/onboarding" }];
  if (!one.data) return <Page title="Onboarding" trail={trail}><Panel><Answer to={one} lines={8}>{() => null}</Answer></Panel></Page>;
  const o = one.data;
  const items = o.items ?? [];
  const state = list.text("state");
  const rows = items.filter((x) => state === undefined || x.state === state);
  const keeps = safe.data?.data.may?.["secret.add"]?.allowed ?? false;
  const rotates = (x: Item) => secrets.data?.items?.find((s) => s.id === x.secret)?.may?.["secret.rotate"]?.allowed ?? false;
  const next = (x: Item) => due.data?.items?.find((d) => d.secret === x.secret)?.next;
  const close = () => setDoing(undefined);
  const done = (words: string) => { close(); setTold(words); };
  const columns: Column<Item>[] = [
    { id: "account", header: "Account", cell: (x) => <div><span className={tableClass.main}><Named of={thing(x.account, o.names)} /></span><span className={tableClass.sub}>in {o.names[x.system] ?? "a system"}, {kindOf(x.kind).label}</span></div> },
    { id: "state", header: "State", cell: (x) => <div><Mark tone={stateWords(x.state).tone}>{stateWords(x.state).label}</Mark><span className={tableClass.sub}>{stateWords(x.state).means}</span></div> },
    { id: "wrong", header: "What went wrong", cell: (x) => (x.error ? <p className={css.error}>{x.error}{open(x) && next(x) && <span className={tableClass.sub}>tried again <Time at={next(x)} /></span>}</p> : <span className="quiet">nothing</span>) },
    { id: "secret", header: "Secret", cell: (x) => (x.secret ? <div>{o.names[x.secret] ? <Link to="/secrets/$id" params={{ id: x.secret }}>{o.names[x.secret]}</Link> : x.name}{x.proven && <span className={tableClass.sub}>signed in with <Time at={x.proven} /></span>}</div> : <span className="quiet">none yet</span>) },
    {
      id: "act", header: "Change", tight: true, cell: (x) => (
        <div className={css.buttons}>
          {(x.state === "failing" || x.state === "person") && x.secret && rotates(x) && <Button variant="default" size="compact-sm" onClick={() => setDoing({ what: "again", of: x })}>Try it now<span className="out-of-view">: {x.name}</span></Button>}
          {open(x) && keeps && <Button variant="default" size="compact-sm" onClick={() => setDoing({ what: "let go", of: x })}>Let go<span className="out-of-view">: {x.name}</span></Button>}
          {x.state === "proven" && x.kind === "ssh_key" && o.beside && rotates(x) && <Button variant="default" size="compact-sm" onClick={() => setDoing({ what: "alone", of: x })}>Take other keys out<span className="out-of-view">: {x.name}</span></Button>}
        </div>
      ),
    },
  ];
  return (
    <Page
      title={`What was taken over into ${o.names[o.safe] ?? "a safe"}?`} lead={`“${o.reason}”`} trail={trail}
      actions={keeps && items.filter(open).length > 1 && <Button variant="default" onClick={() => setDoing({ what: "let all go" })}>Let go of what is not set</Button>}
    >
      <p role="status" className={told ? css.told : "out-of-view"}>{told}</p>
      <Figures items={[
        { value: o.counts.proven ?? 0, label: "taken over", note: "set, and signed in with", tone: "good" },
        { value: (o.counts.due ?? 0) + (o.counts.waiting ?? 0), label: "under way" },
        { value: (o.counts.failing ?? 0) + (o.counts.person ?? 0), label: "fail, or take a person", tone: (o.counts.failing ?? 0) + (o.counts.person ?? 0) > 0 ? "bad" : undefined },
        { value: (o.counts.refused ?? 0) + (o.counts.released ?? 0), label: "not taken over" },
      ]}
      />
      <Table
        name="What is taken over" columns={columns} rows={rows} rowKey={(x) => `${x.account} ${x.kind}`} list={list} total={rows.length}
        empty={<Blank title="Nothing is in that state" actions={<Link to="/onboarding/$id" params={{ id: o.id }}>Show all</Link>} />}
        tools={<ChoiceField list={list} name="state" label="State" width="12rem" choices={["proven", "due", "waiting", "failing", "person", "refused", "released"].map((s) => ({ value: s, label: stateWords(s).label }))} />}
      />
      <Panel title="How it was begun"><About of={o} /></Panel>
      {doing?.what === "again" && <RotateNow of={[{ id: doing.of.secret ?? "", name: doing.of.name, account: doing.of.account }]} title={`Try ${doing.of.name} now`} onClose={close} onDone={done} />}
      {doing?.what === "let go" && <LetGo of={o} item={doing.of} onClose={close} onDone={done} />}
      {doing?.what === "let all go" && <LetGo of={o} onClose={close} onDone={done} />}
      {doing?.what === "alone" && <Alone item={doing.of} onClose={close} onDone={done} />}
    </Page>
  );
}

function About({ of: o }: { of: Shown }) {
  return (
    <Facts items={[
      ["Safe", <Named key="safe" of={thing(o.safe, o.names)} />],
      ["Begun", <><Time at={o.at} /> by {o.names[o.by] ?? o.by}</>],
      ["Then changed", o.every_hours ? `every ${o.every_hours % 24 === 0 ? `${o.every_hours / 24} days` : `${o.every_hours} hours`}` : "not by itself"],
      ["Other keys", o.beside ? "stay in place" : "are taken out"],
      ["It goes on", underWay(o.counts) ? "yes, by itself" : "no"],
      ["Number", <code key="id">{o.id}</code>],
    ]}
    />
  );
}

interface ActProps {
  onClose: () => void;
  onDone: (words: string) => void;
}

function LetGo({ of: o, item, onClose, onDone }: ActProps & { of: Shown; item?: Item }) {
  const [reason, setReason] = useState("");
  const release = useAct(
    () => ask(api.POST("/v1/onboardings/{id}/release", { params: { path: { id: o.id } }, body: { accounts: item && [item.account], reason: reason.trim() } })),
    (r) => onDone(r.released === 1 ? "One account is let go of, and stays as it was." : `${r.released} accounts are let go of, and stay as they were.`),
  );
  return (
    <Dialog title={item ? `Let go of ${item.name}` : "Let go of what is not set"} does="Let go" act={release} ready={reason.trim() !== ""} onClose={onClose}>
      <p>The account stays as it was. Once a value may have been set there is no way back: nobody but the vault has it.</p>
      <Textarea label="Why?" required autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
    </Dialog>
  );
}

function Alone({ item, onClose, onDone }: ActProps & { item: Item }) {
  const [reason, setReason] = useState("");
  const alone = useAct(
    () => ask(api.POST("/v1/secrets/{id}/alone", { params: { path: { id: item.secret ?? "" } }, body: { reason: reason.trim() } })),
    () => onDone(`Other keys of ${item.name} are taken out with its next value.`),
  );
  return (
    <Dialog title={`Take out all other keys of ${item.name}`} does="Take them out" loud act={alone} ready={reason.trim() !== ""} onClose={onClose}>
      <p>A new key is set, and no other opens the account from then on. Whoever signs in with one of them loses what they have.</p>
      <Textarea label="Why?" required autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
    </Dialog>
  );
}
