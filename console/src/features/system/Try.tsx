import { Alert, Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { asProblem } from "../../client/problem";
import { Failed } from "../../shell/Answer";
import { Bones } from "../../ui/Bones";
import { Blank } from "../../ui/Blank";
import { Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import { MayButton } from "../access/MayButton";
import css from "./flow.module.css";
import { Found } from "./Found";
import { RunFailure, RunProgress } from "./RunProgress";
import type { StepProps } from "./Setup";
import { useLastRun, useStart, type Run } from "./system";

interface TryProps extends StepProps {
  kind: "test" | "dry_run";
  begin: string;
  again: string;
  blank: { title: string; text: string };
  children: (run: Run) => ReactNode;
}

// Try is a step that has the system looked at, and shows what came of it.
function Try({ of: { data: s }, onNext, kind, begin, again, blank, children }: TryProps) {
  const { run, pending, error } = useLastRun(s.id, kind);
  const start = useStart(s.id, kind);
  const may = s.may["system.sync"];
  const running = run?.state === "running";
  return (
    <Panel>
      <div className={css.column}>
        {error ? <Failed error={error} /> : pending ? <Bones lines={3} /> : !run ? <Blank {...blank} /> : running ? <RunProgress of={run} may={may?.allowed ?? false} />
          : run.state === "done" ? children(run) : <RunFailure of={run} />}
        {start.error && <Alert color="red" variant="light" role="alert">{asProblem(start.error).message}</Alert>}
        <div className={css.foot}>
          {run?.state === "done" && <Button onClick={onNext}>Go on</Button>}
          <MayButton may={may} variant={run?.state === "done" ? "default" : "filled"} loading={start.isPending || running} onClick={() => start.mutate()}>{run ? again : begin}</MayButton>
          {run && !running && run.state !== "done" && <Button component={Link} variant="default" to={`/systems/${s.id}/setup`} search={{ step: "what" } as never}>Change the address or credential</Button>}
          {run && <span className={css.footEnd}>last <Time at={run.started_at} /></span>}
        </div>
      </div>
    </Panel>
  );
}

export function Test(props: StepProps) {
  return (
    <Try {...props} kind="test" begin="Test the connection" again="Test it again" blank={{ title: "It was not tested yet", text: "The test takes a moment, and its result is kept with the draft." }}>
      {(run) => {
        const t = run.outcome?.test;
        return (
          <>
            <Alert color="green" variant="light" role="status" title={t?.said ?? "Writ can sign in"}>{t?.kind}{t?.version && t.version !== t.kind ? ` ${t.version}` : ""}</Alert>
            <Warnings of={t?.warnings} />
          </>
        );
      }}
    </Try>
  );
}

export function DryRun(props: StepProps) {
  return (
    <Try {...props} kind="dry_run" begin="Begin the dry run" again="Read it again" blank={{ title: "Nothing was read yet", text: "It takes as long as a sync does. You can leave the page: it goes on, and can be stopped." }}>
      {(run) => run.outcome?.preview && (
        <>
          <Found of={run.outcome.preview} />
          <Warnings of={run.outcome.preview.warnings} />
        </>
      )}
    </Try>
  );
}

export function Warnings({ of }: { of: string[] | null | undefined }) {
  if (!of || of.length === 0) return null;
  return (
    <Alert color="yellow" variant="light" title={of.length === 1 ? "One thing cannot be read" : `${of.length} things cannot be read`}>
      <ul className={css.quietList}>{of.map((w) => <li key={w}>{w}</li>)}</ul>
    </Alert>
  );
}
