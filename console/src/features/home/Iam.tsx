import { useQuery } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import { count, Figures } from "../../ui/Figures";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { Tier } from "../access/marks";
import { said } from "../access/words";
import { useOperations } from "../provision/operations";
import { useHeld } from "../provision/Runs";
import { OperationState, RunState } from "../provision/marks";
import { account, what } from "../provision/words";
import { daysOn, FindingQueue, Part, Queue, severe, useFindings } from "./queues";

// Iam is what identity and access management decides today.
export function Iam({ name }: { name?: string }) {
  const disputes = useQuery({ queryKey: ["disputes", { limit: 5 }], queryFn: () => ask(api.GET("/v1/disputes", { params: { query: { limit: 5 } } })) });
  const rules = useQuery({ queryKey: ["correlation", "rules"], queryFn: () => ask(api.GET("/v1/correlation/rules")) });
  const week = { function: "iam", due_before: daysOn(7), sort: "due" } as const;
  const due = useFindings(week);
  const open = useFindings({ function: "iam" });
  const held = useHeld();
  const dead = useOperations({ state: ["dead"], limit: 5 });
  const observing = rules.data && (rules.data.items ?? []).filter((r) => r.mode !== "enforce");
  const critical = severe(open.data, "critical");
  return (
    <Part name={name}>
      <Figures items={[
        { value: count(due.data?.total ?? undefined), label: "due within a week", note: "or late already", tone: (due.data?.total ?? 0) > 0 ? "warn" : undefined, to: "/findings", search: week },
        { value: count(critical), label: "critical findings", note: "that IAM answers for", tone: critical ? "bad" : undefined, to: "/findings", search: { function: "iam", severity: "critical" } },
        { value: count(disputes.data?.total), label: disputes.data?.total === 1 ? "account to decide" : "accounts to decide", note: "nobody can tell whose they are", to: "/disputes" },
        { value: count(observing?.length), label: observing?.length === 1 ? "rule only observes" : "rules only observe", note: "of whose an account is", to: "/correlation" },
      ]}
      />
      <div className={ui.grid}>
        <div className={ui.column}>
          <FindingQueue title="Due this week" query={week} none="Nothing is due within a week." />
          <Queue
            title="Whose accounts are these?" to={disputes} all={{ to: "/disputes", label: `all ${count(disputes.data?.total)}` }} none="No account is in dispute."
            rows={(d) => (d.items ?? []).map((a) => ({
              key: a.account.id, to: "/disputes", title: `${a.name || a.login} in ${a.system}`, end: typeof a.worst_tier === "number" ? <Tier of={a.worst_tier} /> : <Time at={a.since} />,
              note: (a.contenders ?? []).length > 0 ? `${(a.contenders ?? []).map((c) => c.identity.name).join(" or ")}${a.more ? ` or ${a.more} others` : ""}` : a.evidence,
            }))}
          />
        </div>
        <div className={ui.column}>
          <Queue
            title="Held: may this be written?" to={held} all={{ to: "/provisioning" }} none="No run is held."
            rows={(d) => (d.items ?? []).slice(0, 5).map((r) => ({ key: r.id, to: `/provisioning/${r.id}`, start: <RunState of={r.state} />, title: d.names[r.system] ?? "a system", note: r.held_because, end: <Time at={r.planned_at} /> }))}
          />
          <Queue
            title="What could not be written" to={dead} all={{ to: "/provisioning/operations", search: { state: "dead" } }} none="No operation is dead."
            rows={(d) => (d.items ?? []).map((o) => ({ key: o.id, to: `/provisioning/operations/${o.id}`, start: <OperationState of={o.state} />, title: `${what(o, d.names)} in ${d.names[o.system] ?? "a system"}`, note: o.error ?? account(o, d.names), end: <Time at={o.ended_at ?? o.planned_at} /> }))}
          />
          <FindingQueue title="What is worst" query={{ function: "iam" }} none="Nothing is open that IAM answers for." />
          <Queue
            title="Rules that only observe" to={rules} all={{ to: "/correlation", label: "all rules" }} none="Every rule of yours is enforced, or you have none."
            rows={() => (observing ?? []).map((r) => ({ key: r.name, to: "/correlation", title: r.name, note: r.expression ?? `by ${r.by}`, end: <span className="quiet">{said(r.mode)}</span> }))}
          />
        </div>
      </div>
    </Part>
  );
}
