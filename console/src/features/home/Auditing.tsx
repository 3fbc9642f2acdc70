import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import type { AnswerOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { Export } from "../../shell/Export";
import { count, Figures } from "../../ui/Figures";
import { Facts, Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { Courses } from "../coverage/OverTime";
import { useTrend } from "../coverage/trend";
import css from "./home.module.css";
import { daysOn, FindingQueue, Part, useFindings } from "./queues";

const files = [
  ["/v1/audit/export", "audit.jsonl", "The log, which anybody can verify"], ["/v1/findings/export", "findings.csv", "All findings"],
  ["/v1/identities/export", "identities.csv", "All identities"], ["/v1/entitlements/export", "entitlements.csv", "All entitlements"],
] as const;

// Auditing is whether the record can be trusted, and what is excepted until when.
export function Auditing({ name }: { name?: string }) {
  const checkpoint = useQuery({ queryKey: ["audit", "checkpoint"], queryFn: () => ask(api.GET("/v1/audit/checkpoint")) });
  const check = useQuery({ queryKey: ["audit", "verify"], queryFn: () => ask(api.GET("/v1/audit/verify")) });
  const ending = { status: "accepted", ends_before: daysOn(30), sort: "ends" } as const;
  const ends = useFindings(ending);
  const accepted = useFindings({ status: "accepted" });
  const trend = useTrend();
  const denied = check.error && asProblem(check.error).denied;
  return (
    <Part name={name}>
      <Figures items={[
        ...(denied ? [] : [{ ...whole(check.data), to: "/audit" }]),
        { value: count(ends.data?.total ?? undefined), label: ends.data?.total === 1 ? "acceptance ends within 30 days" : "acceptances end within 30 days", tone: (ends.data?.total ?? 0) > 0 ? "warn" as const : undefined, to: "/findings", search: ending },
        { value: count(accepted.data?.total ?? undefined), label: accepted.data?.total === 1 ? "risk is accepted now" : "risks are accepted now", to: "/findings", search: { status: "accepted" } },
        ...(checkpoint.data ? [{ value: count(checkpoint.data.size), label: "records in the log", note: <>signed <Time at={checkpoint.data.at} /></>, to: "/audit" }] : []),
      ]}
      />
      <div className={ui.grid}>
        <div className={ui.column}>
          {!denied && (
            <Panel title="Is the log whole?" note={<Link to="/audit">check it</Link>}>
              <Answer to={check} lines={4}>
                {(c) => (
                  <Facts items={[
                    ["Last check", c.running ? "one is running" : c.last ? <Time key="t" at={c.last.at} /> : "none yet: check it on the audit page"],
                    ["It found", c.last && (c.last.defects === 0 ? `all ${count(c.last.leaves)} records as they were written` : `${count(c.last.defects)} defects in ${count(c.last.leaves)} records`)],
                    ["Last signed", checkpoint.data && <><Time at={checkpoint.data.at} />, {count(checkpoint.data.size)} records</>],
                    ["Root", checkpoint.data && <code>{checkpoint.data.root}</code>],
                  ]}
                  />
                )}
              </Answer>
            </Panel>
          )}
          <Panel title="Does coverage get better?" note={<Link to="/coverage">the matrix</Link>}><Answer to={trend} lines={6}>{(t) => <Courses of={t} />}</Answer></Panel>
        </div>
        <div className={ui.column}>
          <FindingQueue title="Acceptances that end soon" query={ending} none="None ends within 30 days." />
          <Panel title="Evidence to take away">
            <div className={css.exports}>
              {files.map(([path, file, label]) => <div key={path} className={css.export}><span>{label}</span><Export path={path} query={{}} name={file} /></div>)}
            </div>
          </Panel>
        </div>
      </div>
    </Part>
  );
}

function whole(check: AnswerOf<"show-audit-verification"> | undefined) {
  const last = check?.last;
  if (!check) return { value: "–", label: "is the log whole?" };
  if (!last) return { value: "?", label: "the log has not been checked", note: "it is signed all the time", tone: "mild" as const };
  return last.defects === 0
    ? { value: "Whole", label: "the log, when it was checked", note: <Time at={last.at} />, tone: "good" as const }
    : { value: count(last.defects), label: "defects in the log", note: <Time at={last.at} />, tone: "bad" as const };
}
