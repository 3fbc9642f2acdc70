import { IconCircleCheck } from "@tabler/icons-react";
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import type { AnswerOf, ItemOf, QueryOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { count } from "../../ui/Figures";
import { Mark } from "../../ui/Mark";
import { Panel } from "../../ui/Panel";
import { Rows, type Row } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import { Severity } from "../access/marks";
import css from "./home.module.css";

export type FindingQuery = QueryOf<"list-findings">;

// useFindings is the first few of a list of findings, and how many there are.
export function useFindings(query: FindingQuery) {
  const asked = { status: "open" as const, limit: 6, ...query };
  return useQuery({ queryKey: ["findings", asked], queryFn: () => ask(api.GET("/v1/findings", { params: { query: asked } })) });
}

export function severe(of: AnswerOf<"list-findings"> | undefined, severity: string): number | undefined {
  return of && (of.totals ?? []).filter((t) => t.severity === severity).reduce((n, t) => n + t.count, 0);
}

// daysOn is a moment some days from today's midnight, so that it asks the same all day.
export function daysOn(days: number): string {
  const at = new Date();
  at.setHours(24 * days, 0, 0, 0);
  return at.toISOString();
}

interface QueueProps<T> {
  title: string;
  to: UseQueryResult<T>;
  all?: { to: string; search?: Record<string, unknown>; label?: string };
  none: string;
  rows: (data: T) => Row[];
}

// Queue is a short list of what waits. What somebody may not ask has no place on their
// home.
export function Queue<T>({ title, to, all, none, rows }: QueueProps<T>) {
  if (to.error && asProblem(to.error).denied) return null;
  return (
    <Panel title={title} note={all && <Link to={all.to} search={all.search as never} aria-label={`${all.label ?? "all"}: ${title}`}>{all.label ?? "all"}</Link>} flush>
      <Answer to={to} lines={5}>
        {(data) => {
          const items = rows(data);
          return items.length === 0 ? <p className={css.none}><IconCircleCheck size={18} stroke={1.6} aria-hidden />{none}</p> : <Rows items={items} />;
        }}
      </Answer>
    </Panel>
  );
}

export function FindingQueue({ title, query, none }: { title: string; query: FindingQuery; none: string }) {
  const found = useFindings(query);
  const { limit: _, ...search } = query;
  return <Queue title={title} to={found} all={{ to: "/findings", search, label: `all ${count(found.data?.total ?? undefined)}` }} none={none} rows={(d) => (d.items ?? []).map(findingRow)} />;
}

// findingRow begins with whom it is about: many in a queue have the same title.
export function findingRow(f: ItemOf<"list-findings">): Row {
  const about = f.subject && `${f.subject.name}${f.subject.system ? ` in ${f.subject.system}` : ""}`;
  const accepted = f.status === "accepted";
  return {
    key: f.id, to: `/findings/${f.id}`, start: <span className={css.severity}><Severity of={f.severity} /></span>, title: about ?? f.title, note: about && f.title,
    end: accepted ? <Time at={f.accepted_until} /> : new Date(f.due) < new Date() ? <Mark tone="bad" bare>due <Time at={f.due} /></Mark> : <span className="quiet">due <Time at={f.due} /></span>,
  };
}

// Part is what one function comes for.
export function Part({ name, children }: { name?: string; children: ReactNode }) {
  if (!name) return <>{children}</>;
  return (
    <section className={css.part} aria-label={name}>
      <h2 className={css.partName}>{name}</h2>
      {children}
    </section>
  );
}
