import { useQueries, useQuery } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import { count, Figures } from "../../ui/Figures";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { Health } from "../system/Health";
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
        <FindingQueue title="What is wrong with them" query={mine} none="Nothing is open that platform owners answer for." />
      </div>
    </Part>
  );
}
