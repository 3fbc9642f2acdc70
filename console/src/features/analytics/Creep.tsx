import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { IconCircleCheck } from "@tabler/icons-react";
import { lazy, Suspense } from "react";
import { api, ask } from "../../client/client";
import type { AnswerOf, ItemOf } from "../../client/types";
import { Answer, Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Bones } from "../../ui/Bones";
import { count, Figures } from "../../ui/Figures";
import { ChoiceField } from "../../ui/Filter";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Spark } from "../../ui/Spark";
import { Table, tableClass, type Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { useList, type List } from "../../ui/useList";
import ui from "../../ui/ui.module.css";
import { Tier } from "../access/marks";
import { Named } from "../access/Named";
import css from "./analytics.module.css";
import { Kept } from "./Kept";
import { Sections } from "./Sections";
import { coursesOf, sumAt, timesOf, type Point } from "./words";

const Lines = lazy(() => import("../../ui/Lines").then((m) => ({ default: m.Lines })));

type Row = ItemOf<"list-creep">;
type Found = AnswerOf<"list-creep">;

function columns(list: List): Column<Row>[] {
  return [
    { id: "who", header: "Who", cell: (r) => <div><span className={tableClass.main}><Named of={r.identity} /></span><span className={tableClass.sub}>now in {last(r)?.unit || "no unit"}</span></div> },
    { id: "kept", header: "Kept", numeric: true, cell: (r) => <button type="button" className={css.link} aria-label={`What ${r.identity.name} kept: ${count(r.kept)} of ${count(r.held)}`} onClick={() => list.set({ ...list.search, who: r.identity.id })}>{count(r.kept)} of {count(r.held)}</button> },
    { id: "tier", header: "Worst", tight: true, cell: (r) => <Tier of={worst(r)} /> },
    { id: "from", header: "Came with", cell: (r) => <div>{(r.positions ?? []).filter((p) => p.came > 0).map((p) => <div key={p.since ?? p.unit}>{p.unit || "no unit"} <span className="quiet">{count(p.came)}</span></div>)}</div> },
    { id: "moved", header: "Moved on", tight: true, cell: (r) => (last(r)?.since ? <Time at={last(r)!.since} absolute /> : <span className="quiet">not known</span>) },
    { id: "usual", header: "Usual there too", numeric: true, optional: true, cell: (r) => count(r.usual) },
    { id: "weight", header: "Weight", numeric: true, optional: true, cell: (r) => count(r.weight) },
  ];
}

function last(r: Row) {
  const list = r.positions ?? [];
  return list[list.length - 1];
}

function worst(r: Row): number {
  return ([0, 1, 2, 3] as const).find((t) => r.tiers[`${t}`] > 0) ?? 3;
}

// Creep answers who kept what they had when they moved on, since when, and whether it grows.
export function Creep() {
  const list = useList();
  const unit = list.text("unit");
  const all = useQuery({ queryKey: ["analytics", "creep", "all"], queryFn: () => ask(api.GET("/v1/analytics/creep", { params: { query: { limit: 1 } } })) });
  const found = useQuery({
    queryKey: ["analytics", "creep", unit, list.cursor], placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET("/v1/analytics/creep", { params: { query: { unit, cursor: list.cursor } } })),
  });
  const courses = coursesOf(all.data?.trend ?? []);
  const who = list.text("who");
  return (
    <Page title="Who kept access when they moved on?" lead="What came with an earlier unit and is still there, unless at least half of the peers have it today: then it would have come with the move anyway.">
      <Sections />
      {!found.error && <Numbers of={found.data} />}
      {!found.error && (
        <div className={ui.split}>
          <Panel title={unit ? `Does it grow in ${unit}?` : "Does it grow?"} note="at the beginning of each month, and now"><Answer to={found} lines={6}>{(f) => <Course of={f.trend ?? []} />}</Answer></Panel>
          <Panel title="Where does it gather?" note="over a year">{courses.length === 0 ? <p className="quiet">Nowhere: nobody kept anything.</p> : <Units list={list} unit={unit} courses={courses} />}</Panel>
        </div>
      )}
      <Table
        name="Who kept access" columns={columns(list)} rows={found.data?.items ?? undefined} rowKey={(r) => r.identity.id} list={list} next={found.data?.next} total={found.data?.people} stale={found.isPlaceholderData}
        failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />}
        empty={<Blank sign={IconCircleCheck} title="Nobody kept anything" text={(found.data?.moved ?? 0) === 0 ? "Nobody is known to have moved from one unit to another. Moves are known from when a source was first read." : "Whoever moved has what is usual where they are now."} />}
        tools={<ChoiceField list={list} name="unit" label="Unit" width="13rem" choices={courses.map((c) => ({ value: c.unit, label: c.unit || "No unit" }))} />}
      />
      {who && <Kept who={who} onClose={() => list.set({ ...list.search, who: undefined })} />}
    </Page>
  );
}

function Numbers({ of }: { of?: Found }) {
  const trend = of?.trend ?? [];
  const times = timesOf(trend);
  const [first, now] = [times[0], times[times.length - 1]];
  const change = first && now ? sumAt(trend, now, "kept") - sumAt(trend, first, "kept") : 0;
  return (
    <Figures items={[
      { value: count(of?.people), label: of?.people === 1 ? "person kept access" : "people kept access", note: of && `of ${count(of.moved)} who ever moved`, tone: of && of.people > 0 ? "warn" : undefined },
      { value: now ? count(sumAt(trend, now, "kept")) : of ? "0" : "–", label: "entitlements are kept" },
      { value: now ? count(sumAt(trend, now, "weight")) : of ? "0" : "–", label: "weight of these", note: "tier 0 counts 8, 1 counts 4, 2 counts 2, 3 counts 1" },
      { value: `${change > 0 ? "+" : change < 0 ? "−" : ""}${count(Math.abs(change))}`, label: "since the first month shown", tone: change > 0 ? "warn" : change < 0 ? "good" : undefined },
    ]}
    />
  );
}

function Course({ of }: { of: Point[] }) {
  const times = timesOf(of);
  if (times.length === 0) return <Blank title="Nothing was kept" text="A month in which somebody kept something adds a point here." />;
  return (
    <Suspense fallback={<Bones lines={4} height={24} />}>
      <Lines
        name="What was kept, by month" days={times} value={(at, key) => sumAt(of, at, key as "kept" | "weight")}
        series={[{ key: "kept", label: "Entitlements kept", tone: "calm" }, { key: "weight", label: "Their weight", tone: "warn" }]}
      />
    </Suspense>
  );
}

function Units({ list, unit, courses }: { list: List; unit?: string; courses: ReturnType<typeof coursesOf> }) {
  const most = Math.max(1, ...courses.flatMap((c) => c.kept));
  return (
    <table className={`${css.table} ${css.courses}`}>
      <caption className="out-of-view">What was kept, by unit</caption>
      <thead><tr><th scope="col">Unit</th><th scope="col">Course</th><th scope="col" className={css.n}>Now</th></tr></thead>
      <tbody>
        {courses.slice(0, 8).map((c) => (
          <tr key={c.unit} className={c.unit === unit ? css.chosen : undefined}>
            <th scope="row"><button type="button" className={css.link} aria-pressed={c.unit === unit} onClick={() => list.set({ unit: c.unit === unit ? undefined : c.unit })}>{c.unit || "No unit"}</button></th>
            <td><Spark shares={c.kept.map((n) => n / most)} /></td>
            <td className={css.n}>{count(c.now)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
