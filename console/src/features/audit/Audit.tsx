import { Pill, Switch, TextInput } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { api, ask } from "../../client/client";
import type { ItemOf, QueryOf } from "../../client/types";
import { Failed } from "../../shell/Answer";
import { Export } from "../../shell/Export";
import { Blank } from "../../ui/Blank";
import { count } from "../../ui/Figures";
import { SearchField } from "../../ui/Filter";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Table, tableClass, type Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { useList, type List } from "../../ui/useList";
import { Named } from "../access/Named";
import { actorName, said } from "../access/words";
import css from "./audit.module.css";
import { actionsOf, useLive } from "./live";
import { Proof } from "./Proof";
import { Record } from "./Record";

type Record_ = ItemOf<"list-audit-records">;

function columnsOf(onOpen: (record: number) => void): Column<Record_>[] {
  return [
    {
      id: "action", header: "What", cell: (r) => (
        <div>
          <button type="button" className={css.open} onClick={() => onOpen(r.record)}>{said(r.action.replaceAll(".", " "))}</button>
          <span className={`${tableClass.sub} ${css.facts}`}><Details of={r} /></span>
        </div>
      ),
    },
    { id: "object", header: "To what", cell: (r) => (r.object ? <Named of={r.object} /> : <span className="quiet">–</span>) },
    { id: "actor", header: "By whom", cell: (r) => (r.person ? <Named of={r.person} /> : actorName(r.actor)) },
    { id: "at", header: "When", tight: true, cell: (r) => <Time at={r.at} /> },
    { id: "leaf", header: "Leaf", numeric: true, cell: (r) => (r.leaf === undefined || r.leaf === null ? <Mark tone="mild" bare title="It has no place in the tree yet">waiting</Mark> : count(r.leaf)) },
    { id: "revision", header: "Revision", numeric: true, optional: true, cell: (r) => count(r.revision) },
    { id: "name", header: "Action", optional: true, cell: (r) => <code>{r.action}</code> },
  ];
}

// Details are the first of what a record says; the whole of it is the record's own page.
function Details({ of }: { of: Record_ }) {
  const facts = Object.entries({ ...(of.personal ?? {}), ...(of.facts ?? {}) }).filter(([, value]) => value !== "" && value !== "0");
  return <>{of.erased && "Names and texts were erased. "}{facts.map(([k, v]) => `${k.replaceAll("_", " ")}: ${v}`).join(" · ")}</>;
}

// Audit answers who did what, and whether the record can be trusted.
export function Audit() {
  const list = useList();
  const asked = { action: list.text("action"), actor: list.text("actor"), object: list.text("object") };
  const query = { ...asked, action: actionsOf(asked.action), subject: list.text("subject"), from: instant(list.text("from")), to: instant(list.text("to")) } as QueryOf<"list-audit-records">;
  const live = list.text("live") === "1";
  const open = Number(list.text("record") ?? 0);
  const columns = useMemo(() => columnsOf((record) => list.set({ ...list.search, record })), [list]);
  const found = useQuery({ queryKey: ["audit", query, list.cursor], placeholderData: keepPreviousData, queryFn: () => ask(api.GET("/v1/audit", { params: { query: { ...query, cursor: list.cursor } } })) });
  const { refetch } = found;
  const stream = useLive<Record_>(live, asked, useCallback(() => void refetch(), [refetch]));
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
            <SearchField list={list} name="action" label="Actions, or finding. for all of a feature" width="17rem" />
            <TextInput type="date" aria-label="From" value={list.text("from") ?? ""} onChange={(e) => list.set({ from: e.currentTarget.value || undefined })} />
            <TextInput type="date" aria-label="Before" value={list.text("to") ?? ""} onChange={(e) => list.set({ to: e.currentTarget.value || undefined })} />
            <Narrowed list={list} name="actor" word="by" rows={rows ?? []} />
            <Narrowed list={list} name="object" word="to" rows={rows ?? []} />
            <Switch label={stream.lost ? "Live, joining again" : "Live"} checked={live} onChange={(e) => list.set({ live: e.currentTarget.checked ? 1 : undefined })} />
          </>
        )}
      />
      {open > 0 && <Record id={open} onClose={() => list.set({ ...list.search, record: undefined })} onNarrow={(to) => list.set({ ...list.search, record: undefined, ...to })} />}
    </Page>
  );
}

function instant(day: string | undefined): string | undefined {
  return day ? `${day}T00:00:00Z` : undefined;
}

// Narrowed is a filter that was taken from a record: whom or what it names, and a way out.
function Narrowed({ list, name, word, rows }: { list: List; name: "actor" | "object"; word: string; rows: Record_[] }) {
  const id = list.text(name);
  if (!id) return null;
  const known = name === "actor" ? rows.find((r) => r.actor === id)?.person?.name : rows.find((r) => r.object?.id === id)?.object?.name;
  return <Pill size="md" withRemoveButton onRemove={() => list.set({ [name]: undefined })} removeButtonProps={{ "aria-label": `Records ${word} others too`, "aria-hidden": false, tabIndex: 0 }}>{word} {known ?? (name === "actor" ? actorName(id) : id)}</Pill>;
}
