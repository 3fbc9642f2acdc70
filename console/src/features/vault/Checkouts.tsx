import { Switch } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Answer, Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { count, Figures } from "../../ui/Figures";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Table, tableClass, type Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { useList } from "../../ui/useList";
import { Named } from "../access/Named";
import { actorName } from "../access/words";
import { Outs } from "./Outs";
import { isOpen, useCheckouts, type Checkout } from "./vault";
import css from "./vault.module.css";
import { outWords, thing } from "./words";

// Checkouts answers who has which secret out now, and lets it be taken back.
export function Checkouts() {
  const list = useList();
  const [told, setTold] = useState("");
  const past = list.text("past") === "1";
  const open = useCheckouts({ limit: 1000 });
  const items = open.data?.items ?? [];
  const out = items.filter((c) => c.state === "out").sort((a, b) => (a.ends ?? "").localeCompare(b.ends ?? "")); // what ends next comes first
  const waiting = items.filter((c) => c.state === "waiting");
  const soon = out.filter((c) => c.ends && Date.parse(c.ends) - open.dataUpdatedAt < 15 * 60_000);
  return (
    <Page title="Who has which secret out now?" lead="Each ends by itself. What is taken back is gone at once, and where its safe says so it is given another value.">
      <p role="status" className={told ? css.told : "out-of-view"}>{told}</p>
      {!open.error && (
        <Figures items={[
          { value: count(open.data && out.length), label: out.length === 1 ? "secret is out" : "secrets are out" },
          { value: count(open.data && soon.length), label: "end within a quarter of an hour" },
          { value: count(open.data && out.filter((c) => c.exclusive).length), label: "by one person alone" },
          { value: count(open.data && waiting.length), label: waiting.length === 1 ? "waits for somebody to agree" : "wait for somebody to agree", tone: waiting.length > 0 ? "mild" : undefined },
        ]}
        />
      )}
      <Panel title="Out now" flush>
        <Answer to={open} lines={4}>{(d) => (out.length === 0 ? <Blank sign={IconCircleCheck} title="Nothing is out" text="Of what you may know, nobody has anything." /> : <Outs items={out} names={d.names} onTold={setTold} />)}</Answer>
      </Panel>
      {waiting.length > 0 && <Panel title="Waits for somebody to agree" flush><Outs items={waiting} names={open.data?.names ?? {}} onTold={setTold} /></Panel>}
      <Switch label="What was out before" checked={past} onChange={(e) => list.set({ past: e.currentTarget.checked ? 1 : undefined })} />
      {past && <Past />}
    </Page>
  );
}

// Past are check-outs that have ended.
function Past() {
  const list = useList();
  const found = useCheckouts({ all: true, cursor: list.cursor });
  const names = found.data?.names ?? {};
  const columns: Column<Checkout>[] = [
    { id: "secret", header: "Secret", cell: (c) => <Link to="/secrets/$id" params={{ id: c.secret }} className={tableClass.main}>{names[c.secret] ?? c.secret}</Link> },
    { id: "who", header: "Who", cell: (c) => <Named of={thing(c.identity, names)} /> },
    { id: "why", header: "Why", cell: (c) => <div>{c.reason || <span className="quiet">–</span>}{c.ticket && <span className={tableClass.sub}>{c.ticket}</span>}</div> },
    { id: "since", header: "Since", tight: true, cell: (c) => <Time at={c.started ?? c.asked} /> },
    { id: "ended", header: "Ended", tight: true, cell: (c) => (c.ended ? <Time at={c.ended} /> : <span className="quiet">–</span>) },
    { id: "how", header: "How", cell: (c) => <div><Mark tone={outWords(c.state).tone} bare>{outWords(c.state).label}</Mark>{c.state === "forced" && <span className={tableClass.sub}>{names[c.ended_by ?? ""] ?? actorName(c.ended_by ?? "")}{c.end_reason && `: “${c.end_reason}”`}</span>}</div> },
  ];
  return (
    <Table
      name="What was out before" columns={columns} rows={found.data && (found.data.items ?? []).filter((c) => !isOpen(c.state))} rowKey={(c) => c.id} list={list} next={found.data?.next} stale={found.isPlaceholderData}
      failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />} empty={<Blank title="Nothing was out before" text="What is given back is here." />}
    />
  );
}
