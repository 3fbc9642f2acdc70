import { Button } from "@mantine/core";
import { useMutation, useQueryClient, keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { IconAlertTriangle, IconCheck, IconLoader2, IconPlayerStop } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { api, ask } from "../../../client/client";
import type { QueryOf } from "../../../client/types";
import { Answer, Failed } from "../../../shell/Answer";
import { Blank } from "../../../ui/Blank";
import { count, Figures } from "../../../ui/Figures";
import { ChoiceField, SearchField } from "../../../ui/Filter";
import { Page } from "../../../ui/Page";
import { Panel } from "../../../ui/Panel";
import { Table, tableClass, type Column } from "../../../ui/Table";
import { Time } from "../../../ui/Time";
import { useList } from "../../../ui/useList";
import { MayButton } from "../../access/MayButton";
import { people } from "../words";
import { Wrong } from "../Wrong";
import { CandidateState, RunState } from "./marks";
import css from "./mine.module.css";
import { candidateNames, going, numberText, percent, phases, explainedBy, runTrail, sizeText, titleOf, useRun, type Line, type Run } from "./mining";

// Mining answers how far a run is, and what it found.
export function Mining() {
  const { run } = useParams({ strict: false }) as { run: string };
  const found = useRun(run);
  if (!found.data) return <Page title="Mining run" trail={runTrail}><Panel><Answer to={found} lines={8}>{() => null}</Answer></Panel></Page>;
  const r = found.data;
  const by = r.by ? (r.by.hidden ? "somebody" : r.by.name) : "the node";
  return (
    <Page
      title={r.totals ? `Which of these ${count(r.totals.number)} are roles?` : `Mining ${sizeText(r)}`} trail={runTrail}
      lead={r.totals && `Together they give ${people(r.totals.users)} ${r.totals.missing + r.totals.extra === 0 ? "exactly" : "nearly"} what they hold in ${sizeText(r)}. Take those that mean something to you, and reject what is a coincidence.`}
      marks={<div className={css.marks}><RunState of={r.state} /><span className="quiet">asked for by {by} <Time at={r.asked_at} />{r.question.unit && `; people of ${r.question.unit}`}{!r.people && "; without what is known of people, which you may not see"}</span></div>}
    >
      {going(r.state) && <Progress of={r} />}
      {!going(r.state) && !r.totals && <Ended of={r} />}
      {r.totals && <Totals of={r.totals} />}
      {r.totals && <Found of={r} />}
    </Page>
  );
}

// useClock tells the time while something goes on.
function useClock(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  return now;
}

function Progress({ of: r }: { of: Run }) {
  const now = useClock();
  const queries = useQueryClient();
  const stop = useMutation({
    mutationFn: () => ask(api.POST("/v1/role-mining/{id}/stop", { params: { path: { id: r.id } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["mining"] }),
  });
  const at = phases.findIndex(([name]) => name === r.phase);
  const passed = r.began_at ? Math.max(0, Math.round((now - Date.parse(r.began_at)) / 1000)) : 0;
  return (
    <Panel title={r.state === "waiting" ? "It waits for the run before it" : "It is looking"} note={r.state === "running" && `${count(passed)} seconds; it looks for ${count(r.question.seconds)}, and then checks`}>
      <div className={css.form}>
        <ol className={css.steps} aria-label="Progress">
          {phases.filter(([name]) => name !== "stability" || (r.question.stability ?? 0) > 0).map(([name, text], i) => (
            <li key={name} aria-current={i === at ? "step" : undefined} className={i < at ? css.past : i === at ? css.now : css.later}>
              {i < at ? <IconCheck size={15} aria-hidden /> : i === at ? <IconLoader2 size={15} aria-hidden className={css.turning} /> : <span className={css.dot} aria-hidden />}
              {text}
            </li>
          ))}
        </ol>
        <p className="quiet" role="status">{r.state === "waiting" ? "A node mines one run at a time." : "You may leave this page: it goes on, and you find it in the workbench."}</p>
        <Wrong error={stop.error} />
        <div><MayButton may={r.may?.["mining.run"]} variant="default" leftSection={<IconPlayerStop size={16} />} loading={stop.isPending} onClick={() => stop.mutate()}>Stop it</MayButton></div>
      </div>
    </Panel>
  );
}

const endings: Record<string, [string, string]> = {
  cancelled: ["It was stopped", "Nothing is kept of what it had found so far."],
  interrupted: ["Its node ended before it did", "Nothing is lost but the time: start it again."],
};

function Ended({ of: r }: { of: Run }) {
  const [title, text] = endings[r.state] ?? ["It did not work", `${(r.error ?? "").slice(0, 1).toUpperCase()}${(r.error ?? "").slice(1)}.`];
  return <Panel><Blank sign={r.state === "cancelled" ? IconPlayerStop : IconAlertTriangle} title={title} text={text} actions={<Button component={Link} to="/roles/mining" variant="default">Back to the workbench</Button>} /></Panel>;
}

function Totals({ of: t }: { of: NonNullable<Run["totals"]> }) {
  return (
    <Figures items={[
      { value: count(t.number), label: t.number === 1 ? "role" : "roles", note: numberText(t), tone: t.proven ? "good" : undefined },
      { value: t.explained === undefined ? "–" : percent(t.explained), label: "explained by attributes", note: "by a rule that fits at least 80 % both ways" },
      { value: count(t.wsc), label: "complexity", note: `${count(t.user_role_edges)} memberships, ${count(t.role_permission_edges)} permissions; the list now has ${count(t.pairs)} grants` },
      ...(t.stability ? [{ value: percent(t.stability.mean), label: "stable", note: `where 1 % of the grants is changed, ${t.stability.runs} times` }] : []),
      { value: `${t.seconds.toFixed(1)} s`, label: "to find them", note: t.converged ? "the search ended by itself" : "the time was over: more may make them simpler" },
    ]}
    />
  );
}

function Found({ of: r }: { of: Run }) {
  const list = useList();
  const state = list.text("state") ?? "open";
  const query = { state: state === "all" ? undefined : state, q: list.text("q"), explained: list.text("explained") === "yes" || undefined, sort: list.sort } as QueryOf<"list-role-candidates">;
  const found = useQuery({
    queryKey: ["mining", r.id, "candidates", query, list.cursor], placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET("/v1/role-mining/{id}/candidates", { params: { path: { id: r.id }, query: { ...query, cursor: list.cursor } } })),
  });
  const states = found.data?.states ?? {};
  const narrowed = query.q !== undefined || query.explained !== undefined || list.text("state") !== undefined;
  const choices = [...Object.entries(candidateNames).map(([value, label]) => ({ value, label: `${label} (${count(states[value] ?? 0)})` })), { value: "all", label: "All" }];
  return (
    <Table
      name="Candidates" columns={columnsOf(r.id)} rows={found.data?.items ?? undefined} rowKey={(c) => String(c.place)} list={list} next={found.data?.next} total={found.data?.total} stale={found.isPlaceholderData}
      failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />}
      empty={narrowed ? <Blank title="No candidate fits" text="Nothing that was found is as you asked for." actions={<Link to="." search={{ state: "all" } as never}>Show all</Link>} />
        : <Blank sign={IconCheck} title="Everything is decided" text="Each candidate was adopted, rejected, or is a role already." actions={<Link to="." search={{ state: "all" } as never}>Show all</Link>} />}
      tools={(
        <>
          <SearchField list={list} label="Name or rule" width="14rem" />
          <ChoiceField list={list} name="state" label={`To decide (${count(states.open ?? 0)})`} width="11.5rem" choices={choices} />
          <ChoiceField list={list} name="explained" label="Explained or not" width="11rem" choices={[{ value: "yes", label: "Explained by a rule" }]} />
        </>
      )}
    />
  );
}

function columnsOf(run: string): Column<Line>[] {
  return [
    { id: "name", header: "Candidate", cell: (c) => <div><Link to="/roles/mining/$run/$place" params={{ run, place: String(c.place) }} className={tableClass.main}>{titleOf(c)}</Link><span className={tableClass.sub}>{explainedBy(c.rule)}</span></div> },
    { id: "users", header: "People", numeric: true, sort: "users", cell: (c) => count(c.users) },
    { id: "permissions", header: "Gives", numeric: true, sort: "permissions", cell: (c) => count(c.permissions) },
    { id: "redundant", header: "Redundant", numeric: true, sort: "redundant", cell: (c) => count(c.redundant) },
    { id: "support", header: "Support", numeric: true, sort: "support", cell: (c) => count(c.support) },
    { id: "fit", header: "Fit", numeric: true, sort: "fit", cell: (c) => percent(c.fit) },
    { id: "outliers", header: "Outliers", numeric: true, sort: "outliers", cell: (c) => (c.outliers > 0 ? count(c.outliers) : <span className="quiet">–</span>) },
    { id: "state", header: "State", tight: true, cell: (c) => <CandidateState of={c.state} /> },
  ];
}
