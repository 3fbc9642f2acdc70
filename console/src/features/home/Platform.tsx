import { useQueries, useQuery } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import { count, Figures } from "../../ui/Figures";
import { Mark } from "../../ui/Mark";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { Health } from "../system/Health";
import { useOperations } from "../provision/operations";
import { useRotations } from "../rotate/rotate";
import { dueWords, stateWords } from "../rotate/words";
import { account, what } from "../provision/words";
import { FindingQueue, Part, Queue, severe, useFindings } from "./queues";

const unwell = [["failed", "could not be read"], ["stale", "are out of date"], ["never_read", "were never read"], ["maintenance", "in maintenance"]] as const;

const mine = { function: "platform_owner" } as const;

// Platform is how the systems of a platform owner are, and what is wrong with them.
export function Platform({ name }: { name?: string }) {
  const systems = useQuery({ queryKey: ["systems", { sort: "state", limit: 8 }], queryFn: () => ask(api.GET("/v1/systems", { params: { query: { sort: "state", limit: 8 } } })) });
  const late = useQuery({ queryKey: ["systems", { sort: "late", limit: 6 }], queryFn: () => ask(api.GET("/v1/systems", { params: { query: { sort: "late", limit: 6 } } })) });
  const counts = useQueries({
    queries: unwell.map(([state]) => ({ queryKey: ["systems", { state, limit: 1 }], queryFn: () => ask(api.GET("/v1/systems", { params: { query: { state, limit: 1 } } })) })),
  });
  const work = useOperations({ state: ["waiting"], by_hand: true, limit: 6 });
  const stuck = useRotations();
  const open = useFindings(mine);
  const critical = severe(open.data, "critical");
  return (
    <Part name={name}>
      <Figures items={[
        ...unwell.map(([state, label], i) => {
          const n = counts[i]?.data?.total;
          return { value: count(n), label: `systems ${label}`, tone: n ? (state === "failed" ? "bad" as const : "warn" as const) : undefined, to: "/systems", search: { state } };
        }),
        { value: count(critical), label: "critical findings", note: `of ${count(open.data?.total ?? undefined)} that platform owners answer for`, tone: critical ? "bad" : undefined, to: "/findings", search: mine },
      ]}
      />
      <div className={ui.grid}>
        <div className={ui.column}>
          <Queue
            title="How are your systems?" to={systems} all={{ to: "/systems", label: `all ${count(systems.data?.total)}` }} none="No system is yours yet."
            rows={(d) => (d.items ?? []).map((s) => ({
              key: s.id, to: `/systems/${s.id}`, title: s.name, start: <Health of={s.health.state} />, end: <span className="quiet">read <Time at={s.health.synced_at} /></span>,
              note: s.health.error || `${s.kind}${s.environment ? `, ${s.environment}` : ""}`,
            }))}
          />
          <Queue
            title="What appeared since the baseline" to={late} all={{ to: "/systems", search: { sort: "late" } }} none="No access appeared since the baseline."
            rows={(d) => (d.items ?? []).filter((s) => s.drift.late_grants > 0).map((s) => ({
              key: s.id, to: `/systems/${s.id}`, title: s.name, note: <>baseline <Time at={s.drift.baseline_at} /></>, end: <span className="num">{count(s.drift.late_grants)} grants</span>,
            }))}
          />
        </div>
        <div className={ui.column}>
          <Queue
            title="To do by hand in your systems" to={work} all={{ to: "/provisioning/work" }} none="Nothing is to be done by hand."
            rows={(d) => (d.items ?? []).map((o) => ({ key: o.id, to: `/provisioning/operations/${o.id}`, title: `${what(o, d.names)} in ${d.names[o.system] ?? "a system"}`, note: `${account(o, d.names)}${o.identity && d.names[o.identity] ? `, ${d.names[o.identity]}` : ""}`, end: <Time at={o.planned_at} /> }))}
          />
          <Queue
            title="Secrets that do not change" to={stuck} all={{ to: "/rotation" }} none="Every secret has the value that it is to have."
            rows={(d) => (d.items ?? []).filter((r) => r.state !== "due").slice(0, 6).map((r) => ({ key: r.secret, to: `/secrets/${r.secret}`, title: r.named.name, note: r.error || dueWords(r.cause), end: <Mark tone={stateWords(r.state).tone} bare>{stateWords(r.state).label}</Mark> }))}
          />
          <FindingQueue title="What is wrong with them" query={mine} none="Nothing is open that platform owners answer for." />
        </div>
      </div>
    </Part>
  );
}
