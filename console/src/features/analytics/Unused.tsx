import { SegmentedControl } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, ask } from "../../client/client";
import type { AnswerOf, ItemOf, QueryOf } from "../../client/types";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { count, Figures } from "../../ui/Figures";
import { ChoiceField } from "../../ui/Filter";
import { Page } from "../../ui/Page";
import { Table, tableClass, type Column } from "../../ui/Table";
import { useList, type List } from "../../ui/useList";
import { Tier } from "../access/marks";
import { Named } from "../access/Named";
import { SystemField } from "../provision/SystemField";
import css from "./analytics.module.css";
import { Holders } from "./Holders";
import { UseBar } from "./marks";
import { Sections } from "./Sections";
import { knownOf, periods, usualDays } from "./words";

type Row = ItemOf<"list-unused-access">;
type Found = AnswerOf<"list-unused-access">;
type By = NonNullable<QueryOf<"list-unused-access">["by"]>;

const rowsOf: { value: By; label: string; one: string }[] = [
  { value: "system", label: "By system", one: "System" }, { value: "entitlement", label: "By entitlement", one: "Entitlement" }, { value: "role", label: "By role", one: "Role" },
];

function columns(by: By, list: List): Column<Row>[] {
  const one = rowsOf.find((r) => r.value === by)!.one;
  return [
    { id: "of", header: one, cell: (r) => <Subject of={r} by={by} list={list} /> },
    { id: "tier", header: by === "entitlement" ? "Tier" : "Worst unused", tight: true, cell: (r) => (r.tier === undefined || r.tier === null ? <span className="quiet">–</span> : <Tier of={r.tier} />) },
    { id: "use", header: "How it is used", cell: (r) => <div className={css.use}><UseBar of={r} /><span>{knownOf(r) === 0 ? "nothing is known" : `known of ${count(knownOf(r))} of ${count(r.grants)}`}</span></div> },
    { id: "unused", header: "Unused", numeric: true, cell: (r) => <Unuseds of={r} by={by} list={list} /> },
    { id: "never", header: "Of these never used", numeric: true, cell: (r) => (knownOf(r) === 0 ? <span className="quiet">–</span> : count(r.never)) },
    { id: "unknown", header: "Not known", numeric: true, cell: (r) => (r.unknown === 0 ? <span className="quiet">–</span> : count(r.unknown)) },
    { id: "recent", header: "New", numeric: true, optional: true, cell: (r) => count(r.recent) },
    { id: "reduces", header: "Weight it would take away", numeric: true, optional: true, cell: (r) => `${count(r.reduces)} of ${count(r.weight)}` },
  ];
}

// Subject leads from a system to its entitlements, and from these to who holds them.
function Subject({ of: r, by, list }: { of: Row; by: By; list: List }) {
  if (by !== "system") return <div><span className={tableClass.main}><Named of={r.of} withSystem={false} /></span>{r.system && <span className={tableClass.sub}>in {r.system.name}</span>}</div>;
  return <Link to="/analytics/unused" search={{ ...list.search, by: "entitlement", system: r.of.id, cursor: undefined, page: undefined } as never} className={tableClass.main}>{r.of.name}</Link>;
}

function Unuseds({ of: r, by, list }: { of: Row; by: By; list: List }) {
  if (knownOf(r) === 0) return <span className="quiet">not known</span>;
  if (by !== "entitlement") return <>{count(r.unused)}</>;
  return <button type="button" className={css.link} aria-label={`Who holds ${r.of.name}, and who uses it: ${count(r.unused)} do not`} onClick={() => list.set({ ...list.search, holders: r.of.id })}>{count(r.unused)}</button>;
}

// Unused answers which access is known not to be used. What is not known is said, and
// counts as neither.
export function Unused() {
  const list = useList();
  const by = (list.text("by") ?? "system") as By;
  const days = Number(list.text("days") ?? usualDays);
  const query = { by, days, system: by === "role" ? undefined : list.text("system") }; // a role lies in none
  const found = useQuery({
    queryKey: ["analytics", "unused", query, list.cursor], placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET("/v1/analytics/unused", { params: { query: { ...query, cursor: list.cursor } } })),
  });
  const holders = list.text("holders");
  const row = (found.data?.items ?? []).find((r) => r.of.id === holders);
  return (
    <Page title="Which access does nobody use?" lead="Unused is only what is known not to have been used in the whole period. Where a system does not say how its access is used, that is not known, and nothing here calls it unused.">
      <Sections />
      {!found.error && <Numbers of={found.data} by={by} />}
      <Table
        name="How access is used" columns={columns(by, list)} rows={found.data?.items ?? undefined} rowKey={(r) => r.of.id} list={list} next={found.data?.next} total={found.data?.rows} stale={found.isPlaceholderData}
        failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />}
        empty={by === "role" ? <Blank title="No role to show" text="Nobody has a role, or you do not reach all systems: a role lies in none." /> : <Blank title="Nobody holds anything here" text="Grants of accounts that work, and of people themselves, are counted." />}
        tools={(
          <>
            <SegmentedControl aria-label="Rows" value={by} onChange={(v) => list.set({ by: v === "system" ? undefined : v })} data={rowsOf.map(({ value, label }) => ({ value, label }))} />
            <ChoiceField list={list} name="days" label={`Last ${usualDays} days`} width="9.5rem" choices={periods.filter((p) => p.value !== String(usualDays))} />
            {by !== "role" && <SystemField list={list} />}
          </>
        )}
      />
      {holders && <Holders of={holders} name={row?.of.name} days={days} onClose={() => list.set({ ...list.search, holders: undefined })} />}
    </Page>
  );
}

function Numbers({ of, by }: { of?: Found; by: By }) {
  const t = of?.total;
  const share = t && t.grants > 0 ? Math.round((t.unknown / t.grants) * 100) : undefined;
  return (
    <Figures items={[
      { value: count(t?.unused), label: "grants are not used", note: t && `${count(t.never)} of them never were`, tone: t && t.unused > 0 ? "warn" : undefined },
      { value: count(t?.unknown), label: "are not known", note: share !== undefined && `${share} % of ${count(t?.grants)}: their systems do not say`, tone: "none" },
      { value: count(t?.used), label: "are used", tone: t && t.used > 0 ? "good" : undefined },
      { value: count(t?.recent), label: "are new", note: "not used, and not there for the whole period" },
      ...(by === "role" ? [] : [{ value: t && t.weight > 0 ? `${Math.round((t.reduces / t.weight) * 100)} %` : "–", label: "less weight without them", note: "tier 0 counts 8, 1 counts 4, 2 counts 2, 3 counts 1" }]),
    ]}
    />
  );
}
