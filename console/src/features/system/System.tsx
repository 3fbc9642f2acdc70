import { Alert, Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { sentence } from "../../client/problem";
import { Answer } from "../../shell/Answer";
import { count, Figures } from "../../ui/Figures";
import { Page } from "../../ui/Page";
import { Facts, Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { MayButton } from "../access/MayButton";
import { Tier } from "../access/marks";
import { said } from "../access/words";
import { Limits } from "../provision/Limits";
import { EditPlan, EditReach } from "./Edit";
import { Health } from "./Health";
import css from "./flow.module.css";
import { Pause, Paused } from "./Maintenance";
import { Remove } from "./Remove";
import { Runs } from "./Runs";
import { useSystem, type Shown, type Versioned } from "./system";
import { Warnings } from "./Try";
import { Wrong } from "./Wrong";

type Open = "plan" | "reach" | "pause" | "remove" | undefined;

// System answers how current what is known of it is, and what came since.
export function System() {
  const { id } = useParams({ strict: false }) as { id: string };
  const shown = useSystem(id);
  const trail = [{ label: "Systems", to: "/systems" }];
  if (!shown.data) return <Page title="System" trail={trail}><Panel><Answer to={shown} lines={8}>{() => null}</Answer></Panel></Page>;
  return <Known of={shown.data} trail={trail} />;
}

function Known({ of, trail }: { of: Versioned; trail: { label: string; to: string }[] }) {
  const { data: s } = of;
  const [open, setOpen] = useState<Open>();
  const sync = useSync(s);
  const close = () => setOpen(undefined);
  const draft = s.stage === "draft";
  return (
    <Page
      title={draft ? `${s.name} is a draft: what is it waiting for?` : `Is what is known of ${s.name} current?`} trail={trail}
      marks={<div className={css.marks}><Health of={s.health.state} /><span className="quiet">{s.kind}</span>{typeof s.worst_tier === "number" && <Tier of={s.worst_tier} />}</div>}
      actions={draft ? (
        <>
          <MayButton may={s.may["system.add"]} variant="default" onClick={() => setOpen("remove")}>Delete the draft</MayButton>
          <Button component={Link} to={`/systems/${s.id}/setup`}>Go on setting it up</Button>
        </>
      ) : (
        <>
          {s.stage === "active" && <MayButton may={s.may["system.change"]} variant="default" onClick={() => setOpen("pause")}>Maintenance</MayButton>}
          <MayButton may={s.stage === "maintenance" ? { allowed: false, why: "it is in maintenance: end that first" } : s.may["system.sync"]} loading={sync.isPending} onClick={() => sync.mutate(false)}>Read it now</MayButton>
        </>
      )}
    >
      <Wrong error={sync.error} />
      <Paused of={of} />
      <Failing of={s} onConfirm={() => sync.mutate(true)} busy={sync.isPending} />
      {!draft && <Numbers of={s} />}
      <div className={ui.split}>
        <div className={ui.column}>
          <Runs of={s} />
          <Warnings of={s.warnings} />
        </div>
        <div className={ui.column}>
          <Panel title="Who answers, and when it is read" note={<MayButton may={s.may["system.change"]} variant="default" size="compact-sm" onClick={() => setOpen("plan")}>Change</MayButton>}>
            <Facts items={[
              ["Business owner", s.business_owner?.name ?? <span className="quiet">nobody</span>], ["Technical owner", s.technical_owner?.name ?? <span className="quiet">nobody</span>],
              ["Scope", s.scope?.name ?? "the organisation"], ["Environment", s.environment && said(s.environment)], ["Criticality", s.criticality && said(s.criticality)], ["Data class", s.data_class && said(s.data_class)],
              ["Is read", <>every {s.every}{s.every_set ? "" : ", by its worst tier"}</>], ["In the hours", s.hours],
            ]}
            />
          </Panel>
          <Panel title="How it is reached" note={<MayButton may={s.may["system.change"]} variant="default" size="compact-sm" onClick={() => setOpen("reach")}>Change</MayButton>}>
            <Facts items={[
              ["Address", <code key="a">{s.address}</code>], ["Credential", `${said(s.credential.kind)}${s.credential.name ? `: ${s.credential.name}` : ""}`], ["Runs on", s.runs_on?.name],
              ...Object.entries(s.options).map(([name, value]): [string, React.ReactNode] => [name, <code key={name}>{value}</code>]),
            ]}
            />
          </Panel>
          {!draft && <Limits system={s.id} name={s.name} />}
        </div>
      </div>
      {open === "plan" && <EditPlan of={of} onClose={close} />}
      {open === "reach" && <EditReach of={of} onClose={close} />}
      {open === "remove" && <Remove of={of} onClose={close} />}
      <Pause of={of} opened={open === "pause"} onClose={close} />
    </Page>
  );
}

function useSync(s: Shown) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (confirm: boolean) => ask(api.POST("/v1/systems/{id}/sync", { params: { path: { id: s.id } }, body: confirm ? { confirm_removal: true } : {} })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["system", s.id] }),
  });
}

// Failing says in plain words why what is known gets old. Where a sync would remove too
// much, a person may say that it is right.
function Failing({ of: s, onConfirm, busy }: { of: Shown; onConfirm: () => void; busy: boolean }) {
  if (s.health.error) {
    const last = (s.runs ?? []).find((r) => r.kind === "sync");
    return (
      <Alert color="red" variant="light" title={<>It could not be read <Time at={s.health.failed_at} />{s.health.failures > 1 && `, ${count(s.health.failures)} times in a row`}</>}>
        <div className={css.column}>
          <p>{sentence(s.health.error)} What is shown is as old as the last sync that worked; it is tried again <Time at={s.health.next_at} />.</p>
          {last?.code === "removal-guard" && <div><MayButton may={s.may["system.sync"]} variant="default" size="xs" loading={busy} onClick={onConfirm}>It is right: read it, and let go of what is gone</MayButton></div>}
        </div>
      </Alert>
    );
  }
  if (s.health.state !== "stale") return null;
  return <Alert color="yellow" variant="light" title="What is known is older than it may be">By its worst tier it is to be known anew every {period(s.health.cycle_seconds)}. Controls that rest on it count as unknown until it is read.</Alert>;
}

function period(seconds: number): string {
  return seconds < 7200 ? `${Math.round(seconds / 60)} minutes` : seconds < 172_800 ? `${Math.round(seconds / 3600)} hours` : `${Math.round(seconds / 86_400)} days`;
}

function Numbers({ of: s }: { of: Shown }) {
  const { late_grants: late, baseline_at: baseline } = s.drift;
  return (
    <Figures items={[
      { value: <Time at={s.health.synced_at} />, label: "last read", note: s.stage === "active" ? <>next <Time at={s.health.next_at} /></> : "not read meanwhile" },
      {
        value: count(late), label: "grants since the baseline", tone: late > 0 ? "warn" as const : undefined,
        note: baseline ? <>of <Time at={baseline} absolute />{late > 0 && "; see those that nobody approved"}</> : "there is none yet",
        to: late > 0 ? "/findings" : undefined, search: { system: s.id, rule: "unapproved-grant" },
      },
      ...Object.entries(s.counts).filter(([what]) => what !== "rejected").map(([what, n]) => ({ value: count(n as number), label: what.replaceAll("_", " ") })),
      { value: "See", label: "findings of this system", to: "/findings", search: { system: s.id } },
    ]}
    />
  );
}

