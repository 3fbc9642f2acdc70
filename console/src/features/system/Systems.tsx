import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { api, ask } from "../../client/client";
import type { ItemOf, QueryOf } from "../../client/types";
import { Failed } from "../../shell/Answer";
import { Export } from "../../shell/Export";
import { Blank } from "../../ui/Blank";
import { count, Figures } from "../../ui/Figures";
import { ChoiceField, SearchField } from "../../ui/Filter";
import { Page } from "../../ui/Page";
import { Table, tableClass, type Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { useList } from "../../ui/useList";
import { MayButton } from "../access/MayButton";
import { Tier } from "../access/marks";
import { useMe } from "../signin/me";
import { Health, healthNames } from "./Health";
import { untilOf } from "./Maintenance";
import { criticalities, environments } from "./words";

type Row = ItemOf<"list-systems">;

const columns: Column<Row>[] = [
  { id: "name", header: "System", sort: "name", cell: (s) => <div><Link to="/systems/$id" params={{ id: s.id }} className={tableClass.main}>{s.name}</Link><span className={tableClass.sub}>{[s.kind, s.environment, s.criticality].filter(Boolean).join(" · ")}</span></div> },
  { id: "health", header: "Health", sort: "state", cell: (s) => <div><Health of={s.health.state} /><Why of={s} /></div> },
  { id: "synced", header: "Last read", sort: "synced", tight: true, cell: (s) => <Time at={s.health.synced_at} /> },
  { id: "next", header: "Next", tight: true, optional: true, cell: (s) => (s.health.next_at ? <Time at={s.health.next_at} /> : <span className="quiet">–</span>) },
  { id: "owner", header: "Owner", sort: "owner", cell: (s) => s.business_owner?.name ?? s.technical_owner?.name ?? <span className="quiet">nobody</span> },
  { id: "tier", header: "Worst tier", tight: true, cell: (s) => (typeof s.worst_tier === "number" ? <Tier of={s.worst_tier} /> : <span className="quiet">–</span>) },
  { id: "accounts", header: "Accounts", numeric: true, optional: true, cell: (s) => count(s.counts.accounts ?? 0) },
  { id: "late", header: "Drift", sort: "late", numeric: true, cell: (s) => count(s.drift.late_grants) },
];

function Why({ of: s }: { of: Row }) {
  const why = s.stage === "maintenance" ? `${untilOf(s)}: ${s.paused_reason ?? ""}` : s.health.error;
  return why ? <span className={tableClass.sub}>{why}</span> : null;
}

// Systems answers what is read, and how current what is known of it is.
export function Systems() {
  const list = useList();
  const me = useMe();
  const go = useNavigate();
  const adds = (me.data?.may ?? []).includes("system.add");
  const query = {
    q: list.text("q"), state: list.text("state"), owner: list.text("owner"), environment: list.text("environment"), criticality: list.text("criticality"), sort: list.sort,
  } as QueryOf<"list-systems">;
  const found = useQuery({ queryKey: ["systems", query, list.cursor], placeholderData: keepPreviousData, queryFn: () => ask(api.GET("/v1/systems", { params: { query: { ...query, cursor: list.cursor } } })) });
  const rows = found.data?.items ?? undefined;
  const bad = (rows ?? []).filter((s) => s.health.state === "failed" || s.health.state === "stale" || s.health.state === "never_read").length;
  const narrowed = Object.entries(query).some(([name, value]) => value !== undefined && name !== "sort");
  return (
    <Page
      title="What does Writ read, and is it current?" lead="What is known of a system is as old as its last sync. What is too old counts as unknown."
      actions={<MayButton may={{ allowed: adds, why: "systems are added by IAM and by platform owners" }} leftSection={<IconPlus size={16} />} onClick={() => void go({ to: "/systems/new" })}>Add a system</MayButton>}
    >
      {!found.error && (
        <Figures items={[
          { value: found.data ? count(bad) : "–", label: "of these need a look", note: "failed, stale or never read", tone: bad > 0 ? "warn" : undefined },
          { value: count(found.data?.total), label: "systems", note: narrowed ? "that fit what you asked for" : "that you may see" },
          { value: rows ? count(rows.reduce((n, s) => n + s.drift.late_grants, 0)) : "–", label: "grants since the baseline", note: "of the systems on this page" },
        ]}
        />
      )}
      <Table
        name="Systems" columns={columns} rows={rows} rowKey={(s) => s.id} list={list} next={found.data?.next} total={found.data?.total} stale={found.isPlaceholderData}
        exporter={<Export path="/v1/systems/export" query={query} name="systems.csv" />}
        failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />}
        empty={narrowed ? <Blank title="No system fits" text="Nothing that you may see is as you asked for. Ask for less." actions={<Link to="/systems">Show all systems</Link>} />
          : <Blank title="No system is read yet" text={adds ? "Add the first: it stays a draft until you have seen what it would change." : "Systems are added by IAM and by platform owners."} actions={adds && <Button component={Link} to="/systems/new">Add a system</Button>} />}
        tools={(
          <>
            <SearchField list={list} label="Part of the name" />
            <ChoiceField list={list} name="state" label="Health" width="10rem" choices={Object.entries(healthNames).map(([value, label]) => ({ value, label }))} />
            <ChoiceField list={list} name="environment" label="Environment" width="9.5rem" choices={environments} />
            <ChoiceField list={list} name="criticality" label="Criticality" width="9.5rem" choices={criticalities.map((c) => ({ ...c, label: c.label.split(":")[0]! }))} />
            <ChoiceField list={list} name="owner" label="Owner" width="8.5rem" choices={[{ value: "none", label: "Nobody" }]} />
          </>
        )}
      />
    </Page>
  );
}
