import { IconCircleCheck } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, ask } from "../../client/client";
import type { ItemOf, QueryOf } from "../../client/types";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Figures } from "../../ui/Figures";
import { ChoiceField } from "../../ui/Filter";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Table, tableClass, type Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { useList } from "../../ui/useList";
import { Counts, RunState } from "./marks";
import { atMost, useOperations } from "./operations";
import { runNames } from "./words";
import { SystemField } from "./SystemField";

type Row = ItemOf<"list-provisioning-runs">;

function columns(names: Record<string, string>): Column<Row>[] {
  return [
    { id: "system", header: "Run", cell: (r) => <div><Link to="/provisioning/$id" params={{ id: r.id }} className={tableClass.main}>{names[r.system] ?? "a system"}</Link><span className={tableClass.sub}>{r.held_because && r.state === "held" ? r.held_because : r.id}</span></div> },
    { id: "state", header: "State", tight: true, cell: (r) => <RunState of={r.state} /> },
    { id: "counts", header: "Operations", cell: (r) => <Counts of={r.counts} /> },
    { id: "takes", header: "Take away", numeric: true, cell: (r) => r.destructive.toLocaleString("en-GB") },
    { id: "planned", header: "Planned", tight: true, cell: (r) => <Time at={r.planned_at} /> },
    { id: "ended", header: "Ended", tight: true, cell: (r) => (r.ended_at ? <Time at={r.ended_at} /> : <span className="quiet">–</span>) },
  ];
}

export function useHeld() {
  return useQuery({ queryKey: ["provisioning", "runs", "held"], queryFn: () => ask(api.GET("/v1/provisioning/runs", { params: { query: { state: "held", limit: 20 } } })) });
}

// Runs answers what is written to systems, and what of it waits for somebody.
export function Runs() {
  const list = useList();
  const query = { state: list.text("state"), system: list.text("system") } as QueryOf<"list-provisioning-runs">;
  const found = useQuery({
    queryKey: ["provisioning", "runs", query, list.cursor], placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET("/v1/provisioning/runs", { params: { query: { ...query, cursor: list.cursor } } })),
    refetchInterval: (q) => ((q.state.data?.items ?? []).some((r) => r.state === "open") ? 5000 : false),
  });
  const held = useHeld();
  const dead = useOperations({ state: ["dead"] });
  const hand = useOperations({ state: ["waiting"], by_hand: true });
  const heldRuns = held.data?.items ?? [];
  const narrowed = query.state !== undefined || query.system !== undefined;
  return (
    <Page title="What is written to systems, and what waits for somebody?" lead="What is justified becomes so in systems by runs of operations. Nothing counts as done because it was sent: each system is asked whether it shows it.">
      {!found.error && (
        <Figures items={[
          { value: atMost(held.data), label: "held runs", note: "they would take much away", tone: heldRuns.length > 0 ? "warn" : undefined, to: "/provisioning", search: { state: "held" } },
          { value: atMost(dead.data), label: "dead operations", note: "not tried again by themselves", tone: (dead.data?.items ?? []).length > 0 ? "bad" : undefined, to: "/provisioning/operations", search: { state: "dead" } },
          { value: atMost(hand.data), label: "to do by hand", note: "in systems without an interface", tone: (hand.data?.items ?? []).length > 0 ? "mild" : undefined, to: "/provisioning/work" },
          { value: "All", label: "operations", note: "one write in one system each", to: "/provisioning/operations" },
        ]}
        />
      )}
      {heldRuns.length > 0 && query.state !== "held" && (
        <Panel title="Held: somebody has to look" flush>
          <Rows items={heldRuns.map((r) => ({
            key: r.id, to: `/provisioning/${r.id}`, start: <RunState of={r.state} />, title: held.data?.names[r.system] ?? "a system", note: r.held_because, end: <Time at={r.planned_at} />,
          }))}
          />
        </Panel>
      )}
      <Table
        name="Provisioning runs" columns={columns(found.data?.names ?? {})} rows={found.data?.items ?? undefined} rowKey={(r) => r.id} list={list} next={found.data?.next} stale={found.isPlaceholderData}
        failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />}
        empty={narrowed ? <Blank title="No run fits" text="Nothing that you may see is as you asked for." actions={<Link to="/provisioning">Show all runs</Link>} />
          : <Blank sign={IconCircleCheck} title="Nothing was written yet" text="A run appears as soon as something that is justified is not so in a system." />}
        tools={(
          <>
            <ChoiceField list={list} name="state" label="State" width="9rem" choices={Object.entries(runNames).map(([value, label]) => ({ value, label }))} />
            <SystemField list={list} />
          </>
        )}
      />
    </Page>
  );
}
