import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { IconCircleCheck } from "@tabler/icons-react";
import { api, ask } from "../../client/client";
import { Export } from "../../shell/Export";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { ChoiceField, SearchField } from "../../ui/Filter";
import { count, Figures } from "../../ui/Figures";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Table, tableClass, type Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { useList, type List } from "../../ui/useList";
import { severities } from "../access/words";
import { Severity } from "../access/marks";
import { Named } from "../access/Named";
import { functionChoices, functionName } from "../function/words";
import { Ageing } from "./Ageing";
import type { ItemOf, QueryOf } from "../../client/types";

export type Item = ItemOf<"list-findings">;
type Query = QueryOf<"list-findings">;

export function queryOf(list: List): Query {
  const of = (name: string) => list.text(name);
  return {
    q: of("q"), severity: of("severity"), function: of("function"), status: of("status") ?? "open", system: of("system"),
    rule: of("rule"), owner: of("owner"), subject: of("subject"), due_before: of("due_before"), ends_before: of("ends_before"), sort: of("sort"),
  } as Query;
}

const columns: Column<Item>[] = [
  {
    id: "title", header: "Finding", cell: (f) => (
      <div>
        <Link to="/findings/$id" params={{ id: f.id }} className={tableClass.main}>{f.title}</Link>
        {f.why && <span className={tableClass.sub}>{f.why}</span>}
      </div>
    ),
  },
  { id: "severity", header: "Severity", tight: true, cell: (f) => <Severity of={f.severity} /> },
  { id: "subject", header: "About", cell: (f) => <Named of={f.subject} withSystem={false} /> },
  { id: "system", header: "System", cell: (f) => (f.system ? <Named of={f.system} /> : <span className="quiet">–</span>) },
  { id: "function", header: "Answers", cell: (f) => (f.owner ? <span>{f.owner.name}<span className={tableClass.sub}>{functionName(f.function)}</span></span> : functionName(f.function)) },
  { id: "opened", header: "Opened", tight: true, optional: true, sort: "opened", cell: (f) => <Time at={f.opened} /> },
  { id: "due", header: "Due", tight: true, sort: "due", cell: (f) => <Due of={f} /> },
];

function Due({ of }: { of: Item }) {
  if (of.status === "accepted") return <span className="quiet">accepted until <Time at={of.accepted_until} absolute /></span>;
  return new Date(of.due) < new Date() ? <Mark tone="bad" bare><Time at={of.due} /></Mark> : <Time at={of.due} />;
}

// Findings answers what is wrong, who has to act, and until when.
export function Findings() {
  const list = useList();
  const query = queryOf(list);
  const found = useQuery({
    queryKey: ["findings", query, list.cursor],
    queryFn: () => ask(api.GET("/v1/findings", { params: { query: { ...query, cursor: list.cursor } } })),
    placeholderData: (before) => before,
  });
  const first = useQuery({
    queryKey: ["findings", query, undefined],
    queryFn: () => ask(api.GET("/v1/findings", { params: { query } })),
    placeholderData: (before) => before,
  });
  const bySeverity = (s: string) => (first.data?.totals ?? []).filter((t) => t.severity === s).reduce((n, t) => n + t.count, 0);
  return (
    <Page title="What is wrong, and who has to act?" lead="Each finding is a gap between what policy requires and what is there, with one function that answers for it.">
      {!first.error && (
        <Figures items={[
          { value: count(first.data?.total ?? undefined), label: list.text("status") === "accepted" ? "accepted findings" : "open findings", note: narrowed(list) },
          ...severities.map((s) => ({
            value: first.data ? count(bySeverity(s)) : "–", label: s, tone: first.data && bySeverity(s) > 0 ? ({ critical: "bad", high: "warn" } as const)[s as "critical"] : undefined,
            to: "/findings", search: { ...list.search, severity: list.text("severity") === s ? undefined : s, cursor: undefined, page: undefined },
          })),
        ]}
        />
      )}
      <Ageing list={list} />
      <Table
        name="Findings" columns={columns} rows={found.data?.items ?? undefined} rowKey={(f) => f.id} list={oneWay(list)}
        next={found.data?.next} total={first.data?.total ?? undefined} stale={found.isPlaceholderData}
        failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />}
        empty={<Empty list={list} />}
        exporter={<Export path="/v1/findings/export" query={query} name="findings.csv" />}
        tools={(
          <>
            <SearchField list={list} label="Person, account, group or rule" />
            <ChoiceField list={list} name="severity" label="Severity" width="8.5rem" choices={severities.map((s) => ({ value: s, label: s.charAt(0).toUpperCase() + s.slice(1) }))} />
            <ChoiceField list={list} name="function" label="Who answers" width="12rem" choices={functionChoices} />
            <ChoiceField list={list} name="status" label="Open" width="8.5rem" choices={[{ value: "open", label: "Open" }, { value: "accepted", label: "Accepted" }]} />
          </>
        )}
      />
    </Page>
  );
}

// oneWay: findings are sorted by what is due first, or opened last, and not the other way.
function oneWay(list: List): List {
  return { ...list, onSort: (sort) => list.onSort(sort?.startsWith("-") ? undefined : sort) };
}

const narrowing = ["q", "severity", "function", "system", "rule", "owner", "subject", "due_before", "ends_before"];

function narrowed(list: List): string | undefined {
  return narrowing.some((name) => list.text(name)) ? "of what you asked for" : undefined;
}

function Empty({ list }: { list: List }) {
  if (!narrowed(list)) return <Blank sign={IconCircleCheck} title="Nothing is open" text="Every gap that rules know of is closed or accepted. New facts are looked at with every sync." />;
  return (
    <Blank
      title="No finding fits" text="Nothing that you may see is as you asked for."
      actions={<Link to="/findings">Show all findings</Link>}
    />
  );
}
