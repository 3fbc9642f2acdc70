import { useState } from "react";
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { count } from "../../ui/Figures";
import { Mark } from "../../ui/Mark";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import type { Tone } from "../../ui/tone";
import { said } from "../access/words";
import css from "./flow.module.css";
import { Found } from "./Found";
import { RunFailure, RunProgress } from "./RunProgress";
import type { Run, Shown } from "./system";
import { Warnings } from "./Try";
import { because } from "./words";

const tones: Record<string, Tone> = { done: "good", running: "calm", failed: "bad", cancelled: "mild", interrupted: "warn" };

// Runs are the last times that a system was tested or read, each with how it ended.
export function Runs({ of: s }: { of: Shown }) {
  const [open, setOpen] = useState<string>();
  const runs = (s.runs ?? []) as Run[];
  const running = runs.find((r) => r.state === "running");
  return (
    <>
      {running && <Panel title={`A ${said(running.kind).toLowerCase()} is under way`}><RunProgress of={running} may={s.may["system.sync"]?.allowed ?? false} /></Panel>}
      <Panel title="The last runs" flush>
        {runs.length === 0 ? <Blank title="No run is kept" text="It was neither tested nor read by this server yet." /> : (
          <Rows items={runs.map((r) => ({
            key: r.id, title: <>{said(r.kind)} <Mark tone={tones[r.state] ?? "none"}>{said(r.state)}</Mark></>, note: r.error && because(r.error),
            end: <><Time at={r.started_at} /> {r.state !== "running" && <Button variant="subtle" size="compact-xs" aria-expanded={open === r.id} onClick={() => setOpen(open === r.id ? undefined : r.id)}>{open === r.id ? "Close" : "Show"}</Button>}</>,
          }))}
          />
        )}
      </Panel>
      {open && <Ended id={open} />}
    </>
  );
}

function Ended({ id }: { id: string }) {
  const shown = useQuery({ queryKey: ["run", id], queryFn: () => ask(api.GET("/v1/runs/{id}", { params: { path: { id } } })) });
  return (
    <Panel title="What came of it">
      <Answer to={shown} lines={4}>
        {(r) => {
          const { test, preview, report } = r.outcome ?? {};
          return (
            <div className={css.column}>
              {r.state !== "done" && <RunFailure of={r} />}
              {test && <p>{test.said}</p>}
              {preview && <Found of={preview} />}
              {report && <p>{said(report.reading || "complete")} reading: {count(report.changed)} new or different, {count(report.removed)} gone{report.because ? `, ${report.because}` : ""}.</p>}
              <Warnings of={(test ?? preview ?? report)?.warnings} />
            </div>
          );
        }}
      </Answer>
    </Panel>
  );
}
