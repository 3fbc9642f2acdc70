import { Button } from "@mantine/core";
import { IconCircleCheck, IconKey } from "@tabler/icons-react";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { Answer, Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Facts, Panel } from "../../ui/Panel";
import { Table, tableClass, type Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { useList } from "../../ui/useList";
import { Named } from "../access/Named";
import { lasting } from "../elevate/words";
import { RotateNow } from "../rotate/RotateNow";
import { dueWords } from "../rotate/words";
import { NewSecret } from "./NewSecret";
import { Outs } from "./Outs";
import { Rights } from "./Rights";
import { SafeForm } from "./SafeForm";
import { useCheckouts, useSafe, useSecrets, type Safe as Shown, type SecretLine } from "./vault";
import css from "./vault.module.css";
import { kindOf, takes, thing } from "./words";

const columns: Column<SecretLine>[] = [
  { id: "name", header: "Secret", cell: (x) => <div><Link to="/secrets/$id" params={{ id: x.id }} className={tableClass.main}>{x.name}</Link>{x.description && <span className={tableClass.sub}>{x.description}</span>}</div> },
  { id: "kind", header: "Kind", tight: true, cell: (x) => <Mark tone="none" sign={kindOf(x.kind).sign} bare>{kindOf(x.kind).label}</Mark> },
  { id: "opens", header: "Opens", cell: (x) => (x.account ? <Named of={{ ...thing(x.account, x.names), system: x.names[x.system ?? ""] }} /> : x.system ? <Named of={thing(x.system, x.names)} /> : <span className="quiet">nobody has said</span>) },
  { id: "since", header: "Has its value", tight: true, cell: (x) => (x.since ? <Time at={x.since} /> : <span className="quiet">none yet</span>) },
  { id: "state", header: "State", tight: true, cell: (x) => <State of={x} /> },
];

function State({ of: x }: { of: SecretLine }) {
  if (x.state !== "live") return <Mark tone={x.state === "deleted" ? "warn" : "bad"} bare>{x.state === "deleted" ? "Deleted" : "Destroyed"}</Mark>;
  return x.due ? <Mark tone="warn" bare>Due: {dueWords(x.due_because)}</Mark> : <span className="quiet">fine</span>;
}

type Doing = "change" | "add" | "rotate";

// Safe is one safe: what is in it and out of it, who may use it, and what that takes.
export function Safe() {
  const { id } = useParams({ strict: false }) as { id: string };
  const list = useList();
  const shown = useSafe(id);
  const secrets = useSecrets(id);
  const outs = useCheckouts({ limit: 1000 });
  const [doing, setDoing] = useState<Doing>();
  const [told, setTold] = useState("");
  const trail = [{ label: "Safes", to: "/safes" }];
  if (!shown.data) return <Page title="Safe" trail={trail}><Panel><Answer to={shown} lines={8}>{() => null}</Answer></Panel></Page>;
  const s = shown.data.data;
  const close = () => setDoing(undefined);
  const done = (words: string) => { close(); setTold(words); };
  const gone = list.text("gone") === "1";
  const all = secrets.data?.items ?? [];
  const rows = secrets.data && all.filter((x) => gone || x.state !== "destroyed");
  const out = (outs.data?.items ?? []).filter((c) => c.safe === id);
  const rotatable = all.filter((x) => x.state === "live" && x.may?.["secret.rotate"]?.allowed);
  const may = (action: string) => s.may?.[action]?.allowed ?? false;
  return (
    <Page
      title={`What is in ${s.name}, and who may use it?`} lead={s.description} trail={trail}
      actions={(
        <>
          {may("secret.add") && <Button onClick={() => setDoing("add")}>Keep a secret in it</Button>}
          {may("safe.change") && <Button variant="default" onClick={() => setDoing("change")}>Change the safe</Button>}
          {rotatable.length > 0 && <Button variant="default" onClick={() => setDoing("rotate")}>Rotate what is in it</Button>}
        </>
      )}
    >
      <p role="status" className={told ? css.told : "out-of-view"}>{told}</p>
      <Table
        name="Secrets" columns={columns} rows={rows} rowKey={(x) => x.id} list={list} total={rows?.length} failure={secrets.error && <Failed error={secrets.error} onRetry={() => void secrets.refetch()} />}
        empty={<Blank sign={IconKey} title="Nothing is in it" text={may("secret.add") ? "Keep the first secret in it." : "Its owner keeps secrets in it."} />}
        tools={all.some((x) => x.state === "destroyed") && <Button variant="default" size="xs" aria-pressed={gone} onClick={() => list.set({ gone: gone ? undefined : 1 })}>{gone ? "Without what is destroyed" : "With what is destroyed"}</Button>}
      />
      <div className={ui.split}>
        <div className={ui.column}>
          <Panel title="Out of it now" flush>
            <Answer to={outs} lines={2}>{(d) => (out.length === 0 ? <p className={css.none}><IconCircleCheck size={16} stroke={1.6} aria-hidden /> Nothing of it is out.</p> : <Outs items={out} names={d.names} onTold={setTold} />)}</Answer>
          </Panel>
          <Rights of={s} onTold={setTold} />
        </div>
        <Panel title="What using it takes"><Terms of={s} /></Panel>
      </div>
      {doing === "change" && <SafeForm of={shown.data} onClose={close} onDone={done} />}
      {doing === "add" && <NewSecret safe={s} onClose={close} onDone={done} />}
      {doing === "rotate" && <RotateNow of={rotatable} title={`Rotate what is in ${s.name}`} choose onClose={close} onDone={done} />}
    </Page>
  );
}

function Terms({ of: s }: { of: Shown }) {
  return (
    <Facts items={[
      ["Owner", <Named key="owner" of={thing(s.owner, s.names)} />],
      ["Deputy", s.deputy && <Named of={thing(s.deputy, s.names)} />],
      ["Scope", s.scope && (s.names[s.scope] ?? s.scope)],
      ["It takes", takes(s.terms)],
      ["For", `${lasting(s.terms.most_minutes)} at most`],
      ["At once", s.sharing === "exclusive" ? "one person" : "several people"],
      ["At check-in", s.rotates ? "it is given another value" : "it stays as it is"],
      ["Number", <code key="id">{s.id}</code>],
    ]}
    />
  );
}
