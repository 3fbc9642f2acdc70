import { Alert, Button, Progress } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import type { AnswerOf } from "../../client/types";
import { count } from "../../ui/Figures";
import { Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import type { Tone } from "../../ui/tone";
import ui from "../../ui/ui.module.css";
import { actorName } from "../access/words";
import css from "./audit.module.css";

type Check = AnswerOf<"show-audit-verification">;

interface Verdict {
  text: string;
  tone: Tone;
}

// verdictOf says what is known, and no more: a check that did not end says nothing about
// the log, and one that looked at no payloads has not compared them.
export function verdictOf(c: Check | undefined): Verdict {
  if (!c) return { text: "–", tone: "none" };
  if (c.running) return { text: "Checking", tone: "calm" };
  const defects = (c.report?.wrong?.length ?? 0) + (c.report?.more ?? 0) || (c.last?.defects ?? 0);
  if (c.intact === false || defects > 0) return { text: defects === 1 ? "One thing is wrong" : `${count(defects)} things are wrong`, tone: "bad" };
  if (c.intact || c.last) return { text: "The record is whole", tone: "good" };
  return { text: "Nobody has checked it yet", tone: "none" };
}

// Proof says what the last check of the log found, and checks again.
export function Proof() {
  const queries = useQueryClient();
  const point = useQuery({ queryKey: ["checkpoint"], queryFn: () => ask(api.GET("/v1/audit/checkpoint")) });
  const check = useQuery({ queryKey: ["verification"], queryFn: () => ask(api.GET("/v1/audit/verify")), retry: false, refetchInterval: (q) => (q.state.data?.running ? 500 : false) });
  const begin = useMutation({ mutationFn: () => ask(api.POST("/v1/audit/verify", {})), onSuccess: () => queries.invalidateQueries({ queryKey: ["verification"] }) });
  const c = check.data;
  if (check.error) return null; // whoever may read and not verify sees the records alone
  const verdict = verdictOf(c);
  const wrong = c?.report?.wrong ?? [];
  return (
    <Panel title="Is the record whole?" note={point.data && <>{count(point.data.size)} records in the tree, signed <Time at={point.data.at} /></>}>
      <div className={css.proof}>
        <div aria-live="polite">
          <div className={`${css.verdict} ${ui[verdict.tone]} ${ui.toned}`}>{verdict.text}</div>
          {c && <Said of={c} />}
        </div>
        <Button variant="default" leftSection={<IconCircleCheck size={15} />} loading={begin.isPending} disabled={c?.running} onClick={() => begin.mutate()}>Check it now</Button>
      </div>
      {c?.running && <Progress value={c.total > 0 ? (100 * c.done) / c.total : 0} mt="sm" aria-label={`Checked ${count(c.done)} of ${count(c.total)} records`} />}
      {begin.error && <Alert color="red" variant="light" mt="sm" role="alert">{asProblem(begin.error).message}</Alert>}
      {!c?.running && c?.failed && <Alert color="red" variant="light" mt="sm" role="alert">The last check did not end, and says nothing about the record: {c.failed}</Alert>}
      {!c?.running && wrong.length > 0 && (
        <Alert color="red" variant="light" mt="sm" role="alert" title="What is wrong">
          <ul>{wrong.map((w, i) => <li key={i}>{w}</li>)}</ul>
          {(c?.report?.more ?? 0) > 0 && <p>and {count(c?.report?.more)} more.</p>}
        </Alert>
      )}
    </Panel>
  );
}

function Said({ of }: { of: Check }) {
  if (of.running) return <p className="quiet">{count(of.done)} of {count(of.total)} records</p>;
  const { report, last } = of;
  return (
    <p className="quiet">
      {report ? (
        <>
          {count(report.leaves)} records and {count(report.checkpoints)} signed checkpoints hold together
          {report.payloads_compared ? <>; {count(report.payloads)} texts are as they were written{report.erased > 0 && <>, {count(report.erased)} were erased</>}</> : "; texts were not compared"}
          {report.unsequenced > 0 && <>; {count(report.unsequenced)} wait for their place</>}.{" "}
        </>
      ) : last && <>{count(last.leaves)} records were checked. </>}
      {last ? <>Checked <Time at={last.at} /> by {actorName(last.by, last.person)}.</> : "A check reads every record, the tree and its signatures."}
    </p>
  );
}
