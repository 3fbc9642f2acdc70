import { useQuery } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import type { ItemOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { count, Figures } from "../../ui/Figures";
import { Panel } from "../../ui/Panel";
import type { Row } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { actorName, said } from "../access/words";
import { Standing, standingNow } from "../coverage/OverTime";
import { useTrend } from "../coverage/trend";
import { useCheckouts } from "../vault/vault";
import { FindingQueue, Part, Queue, severe, useFindings } from "./queues";

const mine = { function: "security_operations" } as const;

const refusals = ["signin.refuse"];

// What people do that changes who may what, or what is known of it; what Writ writes about
// its own work is left out.
const powers = [
  "function.assign", "function.unassign", "scope.", "passkey.", "token.", "signin.link", "signin.unlink", "signin.first_link",
  "finding.accept", "finding.reopen", "classify.override", "classify.clear_override", "inventory.link",
  "inventory.add_system", "inventory.update_system", "inventory.add_rule", "inventory.set_rule_mode", "inventory.remove_rule",
  "audit.erase", "store.",
];

// Security is what security operations looks at first: what could be misused now, and
// what was just tried or changed.
export function Security({ name }: { name?: string }) {
  const open = useFindings(mine);
  const trend = useTrend();
  const refused = useRecords(refusals);
  const changed = useRecords(powers);
  const outs = useCheckouts({ limit: 6 });
  const critical = severe(open.data, "critical");
  const high = severe(open.data, "high");
  return (
    <Part name={name}>
      <Figures items={[
        { value: count(critical), label: "critical findings", note: "about privileged access", tone: critical ? "bad" : "good", to: "/findings", search: { ...mine, severity: "critical" } },
        { value: count(high), label: "high findings", tone: high ? "warn" : undefined, to: "/findings", search: { ...mine, severity: "high" } },
        { value: count(standingNow(trend.data)), label: "privileged grants held all the time", note: "tiers 0 and 1", to: "/coverage/evidence", search: { control: "elevate" } },
      ]}
      />
      <div className={ui.grid}>
        <div className={ui.column}>
          <FindingQueue title="What could be misused now" query={mine} none="Nothing is open that security operations answers for." />
          <Queue
            title="Secrets out now" to={outs} all={{ to: "/checkouts" }} none="Nobody has a secret out."
            rows={(d) => (d.items ?? []).map((c) => ({ key: c.id, to: `/secrets/${c.secret}`, title: d.names[c.secret] ?? c.secret, note: `${d.names[c.identity] ?? c.identity}${c.reason ? `, “${c.reason}”` : ""}`, end: <span className="quiet">{c.ends ? <>until <Time at={c.ends} /></> : "waits"}</span> }))}
          />
          <Queue title="Last refused at the door" to={refused} all={{ to: "/audit", search: { action: refusals.join() } }} none="Nobody was refused." rows={(d) => (d.items ?? []).map(recordRow)} />
        </div>
        <div className={ui.column}>
          <Panel title="Is standing privilege going down?" note="90 days at most"><Answer to={trend} lines={6}>{(t) => <Standing of={t} />}</Answer></Panel>
          <Queue title="Last changed about who may what" to={changed} all={{ to: "/audit", search: { action: powers.join() } }} none="Nothing was changed yet." rows={(d) => (d.items ?? []).map(recordRow)} />
        </div>
      </div>
    </Part>
  );
}

function useRecords(action: string[]) {
  return useQuery({ queryKey: ["audit", { action, limit: 6 }], queryFn: () => ask(api.GET("/v1/audit", { params: { query: { action, limit: 6 } } })) });
}

function recordRow(r: ItemOf<"list-audit-records">): Row {
  return {
    key: String(r.record), to: "/audit", search: { action: r.action }, title: said(r.action.replaceAll(".", " ")),
    note: [r.object?.name, `by ${actorName(r.actor, r.person)}`].filter(Boolean).join(", "), end: <span className="quiet"><Time at={r.at} /></span>,
  };
}
