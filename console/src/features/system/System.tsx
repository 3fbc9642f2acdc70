import { Alert, Button, Tooltip } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { count, Figures } from "../../ui/Figures";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Facts, Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { Tier } from "../access/marks";
import { said } from "../access/words";
import css from "../ask/ask.module.css";
import { Health } from "./Health";

// System answers how current what is known of it is, and what came since.
export function System() {
  const { id } = useParams({ strict: false }) as { id: string };
  const queries = useQueryClient();
  const shown = useQuery({
    queryKey: ["system", id], queryFn: () => ask(api.GET("/v1/systems/{id}", { params: { path: { id } } })),
    refetchInterval: (q) => ((q.state.data?.runs ?? []).some((r) => r.state === "running") ? 1500 : false),
  });
  const sync = useMutation({ mutationFn: () => ask(api.POST("/v1/systems/{id}/sync", { params: { path: { id } } } as never)), onSettled: () => queries.invalidateQueries({ queryKey: ["system", id] }) });
  const trail = [{ label: "Systems", to: "/systems" }];
  const s = shown.data;
  if (!s) return <Page title="System" trail={trail}><Panel><Answer to={shown} lines={8}>{() => null}</Answer></Panel></Page>;
  const may = s.may["system.sync"];
  return (
    <Page
      title={`Is what is known of ${s.name} current?`} trail={trail}
      marks={<div className={css.marks}><Health of={s.health.state} /><span className="quiet">{s.kind}</span>{typeof s.worst_tier === "number" && <Tier of={s.worst_tier} />}</div>}
      actions={(
        <Tooltip label={may?.why} disabled={may?.allowed || !may?.why}>
          <Button variant="default" data-disabled={!may?.allowed || undefined} aria-disabled={!may?.allowed} loading={sync.isPending} onClick={() => may?.allowed && sync.mutate()}>Read it now</Button>
        </Tooltip>
      )}
    >
      {sync.error && <Alert color="red" variant="light" role="alert">{asProblem(sync.error).message}</Alert>}
      {s.health.error && <Alert color="red" variant="light">The last try failed <Time at={s.health.failed_at} />: {s.health.error}</Alert>}
      <Figures items={[
        { value: <Time at={s.health.synced_at} />, label: "last read", note: <>next <Time at={s.health.next_at} />, every {s.every}</> },
        ...Object.entries(s.counts).map(([what, n]) => ({ value: count(n as number), label: what.replaceAll("_", " ") })),
        { value: count(s.drift.late_grants), label: "grants since the baseline", note: <Time at={s.drift.baseline_at} />, tone: s.drift.late_grants > 0 ? "warn" as const : undefined },
      ]}
      />
      <div className={ui.split}>
        <div className={ui.column}>
          <Panel title="The last runs" flush>
            {(s.runs ?? []).length === 0 ? <Blank title="No run is kept" /> : (
              <Rows items={(s.runs ?? []).map((r) => ({
                key: r.id, title: <>{said(r.kind)} <Mark tone={r.state === "done" ? "good" : r.state === "running" ? "calm" : "bad"}>{said(r.state)}</Mark></>,
                note: r.error ?? (r.state === "running" ? `${r.stage ?? ""} ${r.total > 0 ? `${count(r.done)} of ${count(r.total)}` : ""}` : undefined), end: <Time at={r.started_at} />,
              }))}
              />
            )}
          </Panel>
          {(s.warnings ?? []).length > 0 && <Panel title="What cannot be read"><ul className={css.reasons}>{(s.warnings ?? []).map((w) => <p key={w}>{w}</p>)}</ul></Panel>}
        </div>
        <Panel title="Who answers, and how it is read">
          <Facts items={[
            ["Business owner", s.business_owner?.name ?? <span className="quiet">nobody</span>], ["Technical owner", s.technical_owner?.name ?? <span className="quiet">nobody</span>],
            ["Scope", s.scope?.name ?? "the organisation"], ["Environment", s.environment], ["Criticality", s.criticality], ["Data class", s.data_class],
            ["Address", <code key="a">{s.address}</code>], ["Credential", said(s.credential.kind)], ["Runs on", s.runs_on?.name],
            ["Findings", <Link key="f" to="/findings" search={{ system: id } as never}>of this system</Link>],
          ]}
          />
        </Panel>
      </div>
    </Page>
  );
}
