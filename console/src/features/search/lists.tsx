import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Export } from "../../shell/Export";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { count, Figures } from "../../ui/Figures";
import { Page } from "../../ui/Page";
import { Table, type Column } from "../../ui/Table";
import type { List } from "../../ui/useList";

interface Listed<Row> {
  items?: Row[] | null;
  next?: string;
  total: number;
}

interface ListPageProps<Row> {
  title: string;
  lead: string;
  what: string;
  list: List;
  query: Record<string, string | undefined>;
  path: string;
  columns: Column<Row>[];
  ask: (query: Record<string, string | undefined>) => Promise<Listed<Row>>;
  rowKey: (row: Row) => string;
  tools: ReactNode;
}

// ListPage is a list of objects with the number that fits first.
export function ListPage<Row>(p: ListPageProps<Row>) {
  const found = useQuery({
    queryKey: [p.path, p.query, p.list.cursor],
    queryFn: () => p.ask({ ...p.query, cursor: p.list.cursor }),
    placeholderData: keepPreviousData,
  });
  const narrowed = Object.entries(p.query).some(([name, value]) => value !== undefined && name !== "sort");
  return (
    <Page title={p.title} lead={p.lead}>
      {!found.error && <Figures items={[{ value: count(found.data?.total), label: p.what, note: narrowed ? "that fit what you asked for" : "that you may see" }]} />}
      <Table
        name={p.what} columns={p.columns} rows={found.data?.items ?? undefined} rowKey={p.rowKey} list={p.list} next={found.data?.next} total={found.data?.total}
        stale={found.isPlaceholderData} tools={p.tools} exporter={<Export path={`${p.path}/export`} query={p.query} name={`${p.what}.csv`} />}
        failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />}
        empty={narrowed ? <Blank title="Nothing fits" text="Nothing that you may see is as you asked for. Ask for less." /> : <Blank title="There is nothing yet" text="It comes with the first system or source that is read." />}
      />
    </Page>
  );
}
