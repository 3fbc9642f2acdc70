import { Button } from "@mantine/core";
import { IconHammer } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { count, Figures } from "../../ui/Figures";
import { ChoiceField } from "../../ui/Filter";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Table, tableClass, type Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { useList } from "../../ui/useList";
import { useMe } from "../signin/me";
import { useKits, type Kit } from "./breakglass";
import css from "./breakglass.module.css";
import { MakeKit } from "./MakeKit";
import { Merge } from "./Merge";
import { drillWords, late, listed, over, sealWords, staleWords, stateWords } from "./words";

type Line = Kit & { late: boolean };

const dash = <span className="quiet">–</span>;

const columns: Column<Line>[] = [
  { id: "name", header: "Kit", cell: (k) => <div><Link to="/break-glass/$id" params={{ id: k.id }} className={tableClass.main}>{k.name}</Link><span className={tableClass.sub}>edition {k.edition}, made <Time at={k.made} /></span></div> },
  { id: "holds", header: "Opens", cell: (k) => <Holds of={k} /> },
  { id: "sealed", header: "Takes", cell: (k) => <div>{sealWords(k)}<span className={tableClass.sub}>and {k.persons === 1 ? "one person" : `${k.persons} people`} there</span></div> },
  { id: "state", header: "State", cell: (k) => <div><Mark tone={stateWords(k.state).tone}>{stateWords(k.state).label}</Mark>{k.state === "stale" && <span className={tableClass.sub}>{staleWords(k.why)}</span>}</div> },
  { id: "until", header: "Good until", tight: true, cell: (k) => (over(k) ? dash : <Time at={k.until} />) },
  { id: "drilled", header: "Last drill", cell: (k) => <div><Mark tone={drillWords(k).tone} bare>{drillWords(k).label}</Mark>{k.drilled && <span className={tableClass.sub}><Time at={k.drilled} /></span>}</div> },
  { id: "due", header: "Next drill", tight: true, cell: (k) => (over(k) ? dash : k.late ? <Mark tone="warn">Due since <Time at={k.drill_due} /></Mark> : <Time at={k.drill_due} />) },
];

function Holds({ of: k }: { of: Kit }) {
  const secrets = k.secrets ?? [];
  const systems = [...new Set(secrets.map((s) => k.names[s.system] ?? "a system"))];
  return <div>{secrets.length === 1 ? "one account" : `${secrets.length} accounts`}<span className={tableClass.sub}>in {listed(systems)}</span></div>;
}

// Kits answers whether there is a way in when nothing else works, and whether it was tried.
export function Kits() {
  const list = useList();
  const kits = useKits();
  const me = useMe();
  const [doing, setDoing] = useState<"make" | "merge">();
  const [told, setTold] = useState("");
  const may = (action: string) => (me.data?.may ?? []).includes(action);
  const all = kits.data && (kits.data.items ?? []).map((k) => ({ ...k, late: late(k, kits.dataUpdatedAt) }));
  const of = (state: string) => all?.filter((k) => k.state === state).length;
  const state = list.text("state");
  const rows = all?.filter((k) => state === undefined || k.state === state);
  const holds = (all ?? []).some((k) => (k.holders ?? []).some((h) => h.identity === me.data?.identity));
  const done = (words: string) => { setDoing(undefined); setTold(words); };
  return (
    <Page
      title="Is there a way in when nothing else works?" lead="A break-glass kit is a file with what opens some accounts, sealed for several people who open it together, without Writ. It is only good while it holds what is true, and was tried."
      actions={(
        <>
          {may("breakglass.make") && <Button onClick={() => setDoing("make")}>Make a kit</Button>}
          {(may("breakglass.merge") || holds) && <Button variant="default" onClick={() => setDoing("merge")}>Bring a record</Button>}
        </>
      )}
    >
      <p role="status" className={told ? css.told : "out-of-view"}>{told}</p>
      {!kits.error && (
        <Figures items={[
          { value: count(of("ready")), label: of("ready") === 1 ? "kit is ready" : "kits are ready", tone: of("ready") ? "good" : "warn", to: "/break-glass", search: { state: "ready" } },
          { value: count(of("stale")), label: of("stale") === 1 ? "is stale" : "are stale", note: "to be renewed", tone: of("stale") ? "warn" : undefined, to: "/break-glass", search: { state: "stale" } },
          { value: count(of("forming")), label: of("forming") === 1 ? "waits for its holders" : "wait for their holders", to: "/break-glass", search: { state: "forming" } },
          { value: count(of("used")), label: of("used") === 1 ? "was opened" : "were opened", note: "to be made anew", tone: of("used") ? "bad" : undefined, to: "/break-glass", search: { state: "used" } },
          { value: count(all?.filter((k) => k.late).length), label: "should have been tried", tone: all?.some((k) => k.late) ? "warn" : undefined },
        ]}
        />
      )}
      <Table
        name="Break-glass kits" columns={columns} rows={rows} rowKey={(k) => k.id} list={list} total={rows?.length}
        failure={kits.error && <Failed error={kits.error} onRetry={() => void kits.refetch()} />}
        empty={state ? <Blank title="No kit is in that state" text="Of those that you may see." actions={<Link to="/break-glass">Show all kits</Link>} /> : <Blank sign={IconHammer} title="There is no kit" text="Without one nobody gets in once sign-in, the database and every node are gone. A platform owner makes kits, for others." />}
        tools={<ChoiceField list={list} name="state" label="State" width="14rem" choices={["ready", "stale", "forming", "used"].map((s) => ({ value: s, label: stateWords(s).label }))} />}
      />
      {doing === "make" && <MakeKit onClose={() => setDoing(undefined)} onDone={done} />}
      {doing === "merge" && <Merge onClose={() => setDoing(undefined)} onDone={done} />}
    </Page>
  );
}
