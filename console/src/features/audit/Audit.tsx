import { Button, Switch, TextInput } from "@mantine/core";
import { IconCircleCheck, IconPlayerPause, IconShieldCheck } from "@tabler/icons-react";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import type { ItemOf, QueryOf } from "../../client/types";
import { Failed } from "../../shell/Answer";
import { Export } from "../../shell/Export";
import { Blank } from "../../ui/Blank";
import { count, Figures } from "../../ui/Figures";
import { SearchField } from "../../ui/Filter";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Table, tableClass, type Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { useList } from "../../ui/useList";
import { Named } from "../access/Named";
import { said } from "../access/words";
import { useLive } from "./live";

type Record_ = ItemOf<"list-audit-records">;

const columns: Column<Record_>[] = [
  { id: "action", header: "What", cell: (r) => <div><span className={tableClass.main}>{said(r.action.replaceAll(".", " "))}</span><span className={tableClass.sub}><Details of={r} /></span></div> },
  { id: "object", header: "To what", cell: (r) => (r.object ? <Named of={r.object} /> : <span className="quiet">–</span>) },
  { id: "actor", header: "By whom", cell: (r) => (r.person ? <Named of={r.person} /> : r.actor) },
  { id: "at", header: "When", tight: true, cell: (r) => <Time at={r.at} /> },
  { id: "leaf", header: "Leaf", numeric: true, cell: (r) => (r.leaf === undefined || r.leaf === null ? <Mark tone="mild" bare title="It has no place in the tree yet">waiting</Mark> : count(r.leaf)) },
  { id: "revision", header: "Revision", numeric: true, optional: true, cell: (r) => count(r.revision) },
  { id: "name", header: "Action", optional: true, cell: (r) => <code>{r.action}</code> },
];

function Details({ of }: { of: Record_ }) {
  const facts = Object.entries({ ...(of.facts ?? {}), ...(of.personal ?? {}) });
  if (of.erased) return <>Names and texts were erased. {facts.map(([k, v]) => `${k.replaceAll("_", " ")}: ${v}`).join(" · ")}</>;
  return <>{facts.map(([k, v]) => `${k.replaceAll("_", " ")}: ${v}`).join(" · ")}</>;
}

// Audit answers who did what, and whether the record can be trusted.
export function Audit() {
  const list = useList();
  const query = { action: list.text("action"), actor: list.text("actor"), object: list.text("object"), subject: list.text("subject"), from: instant(list.text("from")), to: instant(list.text("to")) } as QueryOf<"list-audit-records">;
  const live = list.text("live") === "1";
  const found = useQuery({ queryKey: ["audit", query, list.cursor], placeholderData: keepPreviousData, queryFn: () => ask(api.GET("/v1/audit", { params: { query: { ...query, cursor: list.cursor } } })) });
  const stream = useLive<Record_>(live, query.action);
  const rows = live ? [...stream.records, ...(found.data?.items ?? []).filter((r) => !stream.records.some((s) => s.record === r.record))] : (found.data?.items ?? undefined);
  return (
    <Page title="Who did what, and is the record whole?" lead="Every change and its record were written together. Each record has its place in a signed tree, so that a change or a gap would show.">
      <Proof />
      <Table
        name="Audit records" columns={columns} rows={rows} rowKey={(r) => String(r.record)} list={list} next={live ? undefined : found.data?.next} stale={found.isPlaceholderData}
        failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />} empty={<Blank title="No record fits" text="Nothing was recorded that is as you asked for." />}
        exporter={<Export path="/v1/audit/export" query={{}} name="audit.jsonl" />}
        tools={(
          <>
            <SearchField list={list} name="action" label="Action, or finding. for all of a feature" width="17rem" />
            <TextInput type="date" aria-label="From" value={list.text("from") ?? ""} onChange={(e) => list.set({ from: e.currentTarget.value || undefined })} />
            <TextInput type="date" aria-label="Before" value={list.text("to") ?? ""} onChange={(e) => list.set({ to: e.currentTarget.value || undefined })} />
            <Switch label={stream.lost ? "Live, joining again" : "Live"} checked={live} onChange={(e) => list.set({ live: e.currentTarget.checked ? 1 : undefined })} thumbIcon={live ? undefined : <IconPlayerPause size={10} />} />
          </>
        )}
      />
    </Page>
  );
}

function instant(day: string | undefined): string | undefined {
  return day ? `${day}T00:00:00Z` : undefined;
}

// Proof says what the last check of the log found, and checks again.
function Proof() {
  const queries = useQueryClient();
  const point = useQuery({ queryKey: ["checkpoint"], queryFn: () => ask(api.GET("/v1/audit/checkpoint")) });
  const check = useQuery({ queryKey: ["verification"], queryFn: () => ask(api.GET("/v1/audit/verify")), retry: false, refetchInterval: (q) => (q.state.data?.running ? 1000 : false) });
  const begin = useMutation({ mutationFn: () => ask(api.POST("/v1/audit/verify", {})), onSuccess: () => queries.invalidateQueries({ queryKey: ["verification"] }) });
  const c = check.data;
  const defects = c?.report?.wrong?.length ?? c?.last?.defects ?? 0;
  const verdict = c?.running ? `checking ${count(c.done)} of ${count(c.total)}` : c?.intact === true || (c?.last && c.last.defects === 0) ? "Whole" : defects > 0 ? `${count(defects)} defects` : "Not checked yet";
  const tone = c?.running ? "calm" : defects > 0 ? "bad" : verdict === "Whole" ? "good" : undefined;
  return (
    <Figures items={[
      { value: verdict, label: "when it was checked last", tone, note: c?.last ? <>by {c.last.by}, <Time at={c.last.at} /></> : c?.failed || "nobody has checked it here" },
      { value: count(point.data?.size), label: "records in the tree", note: point.data && <>signed <Time at={point.data.at} /></> },
      { value: check.error ? <IconShieldCheck size={22} aria-hidden /> : <Button size="xs" variant="default" leftSection={<IconCircleCheck size={15} />} loading={begin.isPending || c?.running} onClick={() => begin.mutate()}>Check it now</Button>, label: "every record, the tree, the signatures", note: begin.error ? String(begin.error.message) : defects > 0 ? c?.report?.wrong?.[0] : undefined },
    ]}
    />
  );
}
