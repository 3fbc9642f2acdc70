import { SegmentedControl } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, ask } from "../../client/client";
import type { ItemOf, QueryOf } from "../../client/types";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { ChoiceField } from "../../ui/Filter";
import { count, Figures } from "../../ui/Figures";
import { Page } from "../../ui/Page";
import { Table, tableClass, type Column } from "../../ui/Table";
import type { Tone } from "../../ui/tone";
import { useList } from "../../ui/useList";
import { Kind, Mode, Tier } from "../access/marks";
import { Named } from "../access/Named";
import { controlMeans, controlNames, controls, kindNames, stateNames } from "../access/words";
import { functionName } from "../function/words";
import css from "./evidence.module.css";

type Line = ItemOf<"list-coverage-evidence">;
type Query = QueryOf<"list-coverage-evidence">;
type State = "missing" | "unknown" | "excepted" | "in_place";

const states: State[] = ["missing", "unknown", "excepted", "in_place"];
const tones: Record<State, Tone> = { missing: "bad", unknown: "none", excepted: "odd", in_place: "good" };

const columns: Column<Line>[] = [
  { id: "entitlement", header: "Access", cell: (l) => <div><span className={tableClass.main}><Named of={l.entitlement} withSystem={false} /></span><span className={tableClass.sub}>{l.system?.name}</span></div> },
  {
    id: "holder", header: "Held by", cell: (l) => (l.identity && l.identity.id !== l.holder?.id
      ? <div><Named of={l.identity} /><span className={tableClass.sub}>as {l.holder?.name}</span></div> : <Named of={l.holder} withSystem={false} />),
  },
  { id: "tier", header: "Tier", tight: true, cell: (l) => <Tier of={l.tier} /> },
  { id: "mode", header: "How", tight: true, optional: true, cell: (l) => <Mode of={l.mode} /> },
  { id: "kind", header: "Kind", tight: true, optional: true, cell: (l) => (l.kind ? <Kind of={l.kind} thirdParty={l.third_party} /> : <span className="quiet">unknown</span>) },
  { id: "why", header: "Why it counts so", cell: (l) => <span className={css.why}>{l.why}</span> },
  { id: "answers", header: "Who answers", cell: (l) => <div><Named of={l.answers} /><span className={tableClass.sub}>control of {functionName(l.function)}</span></div> },
  { id: "findings", header: "Findings", cell: (l) => <Behind of={l} /> },
];

// Behind leads to the findings that say so; a control that no rule looks at has none.
function Behind({ of }: { of: Line }) {
  const list = of.findings ?? [];
  if (list.length === 0) return <span className="quiet">none</span>;
  return (
    <ul className={css.behind}>
      {list.map((f) => <li key={`${f.rule} ${f.subject}`}><Link to="/findings" search={{ rule: f.rule, subject: f.subject, status: of.state === "excepted" ? "accepted" : undefined } as never}>{f.title}</Link></li>)}
    </ul>
  );
}

// Evidence answers which access has a control and which lacks it, why, and who answers.
export function Evidence() {
  const list = useList();
  const control = (list.text("control") ?? "owner") as NonNullable<Query["control"]>;
  const state = (list.text("state") ?? "missing") as State;
  const tier = list.text("tier");
  const cell = { control, system: list.text("system"), tier: tier === undefined ? undefined : Number(tier), kind: list.text("kind") as Query["kind"] };
  const found = useQuery({
    queryKey: ["coverage", "evidence", cell, state, list.cursor], placeholderData: (before) => before,
    queryFn: () => ask(api.GET("/v1/coverage/evidence", { params: { query: { ...cell, state, cursor: list.cursor } } })),
  });
  const sums = useQuery({
    queryKey: ["coverage", "by system", cell], placeholderData: (before) => before,
    queryFn: () => ask(api.GET("/v1/coverage", { params: { query: { ...cell, by: "system" } } })),
  });
  const system = cell.system && sums.data?.items?.find((i) => i.key === cell.system)?.system?.name;
  const name = controlNames[control] ?? control;
  return (
    <Page
      title={`${name}${system ? ` in ${system}` : ""}: which access has it, and which lacks it?`}
      lead={`${name} means: ${controlMeans[control] ?? ""}. Each line is one grant, as the matrix counts it.`}
      trail={[{ label: "Coverage", to: "/coverage" }]}
    >
      {!sums.error && (
        <Figures items={states.map((s) => ({
          value: count(sums.data?.total[s]), label: stateNames[s]!.toLowerCase(), tone: (sums.data?.total[s] ?? 0) > 0 ? tones[s] : undefined,
          note: s === state ? "shown below" : undefined, to: "/coverage/evidence", search: { ...list.search, state: s === "missing" ? undefined : s, cursor: undefined, page: undefined },
        }))}
        />
      )}
      <Table
        name={`Access by ${name.toLowerCase()}`} columns={columns} rows={found.data?.items ?? undefined} rowKey={(l) => l.grant} list={list}
        next={found.data?.next} total={found.data?.total} stale={found.isPlaceholderData}
        failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />}
        empty={<Blank sign={state === "missing" ? IconCircleCheck : undefined} title={state === "missing" ? "Nothing lacks it" : "Nothing counts so"} text="No grant that needs this control, and that you asked for, is in this state." />}
        tools={(
          <>
            <SegmentedControl aria-label="State" value={state} onChange={(v) => list.set({ state: v === "missing" ? undefined : v })} data={states.map((s) => ({ value: s, label: stateNames[s]! }))} />
            <ChoiceField list={list} name="control" label="Control" width="13rem" choices={controls.map((c) => ({ value: c, label: controlNames[c]! }))} />
            <ChoiceField list={list} name="tier" label="Tier" width="8rem" choices={[0, 1, 2, 3].map((t) => ({ value: String(t), label: `Tier ${t}` }))} />
            <ChoiceField list={list} name="kind" label="Kind of identity" width="11rem" choices={["human", "service", "agent"].map((k) => ({ value: k, label: kindNames[k]! }))} />
          </>
        )}
      />
    </Page>
  );
}
