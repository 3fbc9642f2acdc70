import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, ask } from "../../client/client";
import type { ItemOf, QueryOf } from "../../client/types";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { count, Figures } from "../../ui/Figures";
import { ChoiceField, SearchField } from "../../ui/Filter";
import { Page } from "../../ui/Page";
import { Table, tableClass, type Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { useList } from "../../ui/useList";
import { Tier } from "../access/marks";
import { Health, healthNames } from "./Health";

type Row = ItemOf<"list-systems">;

const columns: Column<Row>[] = [
  { id: "name", header: "System", sort: "name", cell: (s) => <div><Link to="/systems/$id" params={{ id: s.id }} className={tableClass.main}>{s.name}</Link><span className={tableClass.sub}>{[s.kind, s.environment, s.criticality].filter(Boolean).join(" · ")}</span></div> },
  { id: "health", header: "Health", sort: "state", tight: true, cell: (s) => <Health of={s.health.state} /> },
  { id: "synced", header: "Last read", sort: "synced", tight: true, cell: (s) => <Time at={s.health.synced_at} /> },
  { id: "owner", header: "Owner", cell: (s) => s.business_owner?.name ?? s.technical_owner?.name ?? <span className="quiet">nobody</span> },
  { id: "tier", header: "Worst tier", tight: true, cell: (s) => (typeof s.worst_tier === "number" ? <Tier of={s.worst_tier} /> : <span className="quiet">–</span>) },
  { id: "late", header: "Drift", sort: "late", numeric: true, cell: (s) => count(s.drift.late_grants) },
];

// Systems answers what is read, and how current what is known of it is.
export function Systems() {
  const list = useList();
  const query = { q: list.text("q"), state: list.text("state"), owner: list.text("owner"), sort: list.sort?.replace("-", "") } as QueryOf<"list-systems">;
  const found = useQuery({ queryKey: ["systems", query, list.cursor], placeholderData: keepPreviousData, queryFn: () => ask(api.GET("/v1/systems", { params: { query: { ...query, cursor: list.cursor } } })) });
  const rows = found.data?.items ?? undefined;
  const bad = (rows ?? []).filter((s) => s.health.state === "failed" || s.health.state === "stale" || s.health.state === "never_read").length;
  return (
    <Page title="What does Writ read, and is it current?" lead="What is known of a system is as old as its last sync. What is too old counts as unknown.">
      {!found.error && (
        <Figures items={[
          { value: found.data ? count(bad) : "–", label: "of these need a look", note: "failed, stale or never read", tone: bad > 0 ? "warn" : undefined },
          { value: count(found.data?.total), label: "systems" },
          { value: rows ? count(rows.reduce((n, s) => n + s.drift.late_grants, 0)) : "–", label: "grants since the baseline", note: "of the systems on this page" },
        ]}
        />
      )}
      <Table
        name="Systems" columns={columns} rows={rows} rowKey={(s) => s.id} list={{ ...list, onSort: (s) => list.onSort(s?.startsWith("-") ? undefined : s) }} next={found.data?.next} total={found.data?.total} stale={found.isPlaceholderData}
        failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />} empty={<Blank title="No system" text="Nothing is read yet, or nothing that you may see fits. Add one with: writ system add" />}
        tools={(
          <>
            <SearchField list={list} label="Part of the name" />
            <ChoiceField list={list} name="state" label="Health" width="10rem" choices={Object.entries(healthNames).map(([value, label]) => ({ value, label }))} />
            <ChoiceField list={list} name="owner" label="Owner" width="8.5rem" choices={[{ value: "none", label: "Nobody" }]} />
          </>
        )}
      />
    </Page>
  );
}
