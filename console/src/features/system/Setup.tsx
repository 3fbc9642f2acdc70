import { Alert, Button } from "@mantine/core";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { Answer } from "../../shell/Answer";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Activate } from "./Activate";
import { DryRun, Test } from "./Try";
import { Flow, steps, type Step } from "./Flow";
import { Health } from "./Health";
import css from "./flow.module.css";
import { AccountsPreview, TiersPreview } from "./Preview";
import { useSystem, type Versioned } from "./system";
import { WhatStep, WhoStep, PlanStep } from "./Told";

export interface StepProps {
  of: Versioned;
  onNext: () => void;
}

const bodies: Record<Step, (props: StepProps) => React.ReactNode> = {
  what: WhatStep, who: WhoStep, test: Test, "dry-run": DryRun, accounts: AccountsPreview, tiers: TiersPreview, schedule: PlanStep, activate: Activate,
};

const leads: Record<Step, [string, string]> = {
  what: ["What it is, and how it is reached", "What you change here is kept with the draft. Nothing is connected to."],
  who: ["Who answers for it", "Everything that is found in it is owed by these two, unless it has an owner of its own. This is kept with the draft."],
  test: ["Can Writ sign in?", "A test connects and signs in. It reads nothing, and changes nothing on the system or here."],
  "dry-run": ["What would a first sync find?", "A dry run reads all of it, as a sync does, and keeps only what it counted. No account or finding appears."],
  accounts: ["Whose would the accounts be?", "By the rules that are in force, from the last dry run. Nothing is linked yet; what is disputed waits for a person after the first sync."],
  tiers: ["What would be privileged, and why?", "By what the system itself says, from the last dry run. Nothing is classified yet."],
  schedule: ["When is it read?", "This is kept with the draft, and counts from its activation on."],
  activate: ["Is this system to be read from now on?", "It is read at once and then by its schedule. What the first sync finds is its baseline: only what comes later is news."],
};

// firstOpen is where whoever comes back to a draft goes on.
export function firstOpen({ data: s }: Versioned): Step {
  const done = (kind: string) => (s.runs ?? []).some((r) => r.kind === kind && r.state === "done");
  if (!s.business_owner && !s.technical_owner) return "who";
  if (done("dry_run")) return "accounts";
  return done("test") ? "dry-run" : "test";
}

// Setup leads a draft to its being read. All it knows is the server's and in the
// address, so that it can be left and come back to.
export function Setup() {
  const { id } = useParams({ strict: false }) as { id: string };
  const { step: asked } = useSearch({ strict: false }) as { step?: string };
  const go = useNavigate();
  const shown = useSystem(id);
  const at = steps.findIndex((s) => s.id === asked);
  const onGo = (step: Step) => void go({ to: "/systems/$id/setup", params: { id }, search: { step } as never });
  const resumed = at < 0 && shown.data ? firstOpen(shown.data) : undefined;
  useEffect(() => {
    if (resumed) void go({ to: "/systems/$id/setup", params: { id }, search: { step: resumed } as never, replace: true });
  }, [resumed, go, id]);
  const trail = [{ label: "Systems", to: "/systems" }];
  const system = shown.data?.data;
  if (!shown.data || !system || at < 0) return <Page title="Adding a system" trail={trail}><Panel><Answer to={shown} lines={8}>{() => null}</Answer></Panel></Page>;
  const step = steps[at]!.id;
  const may = system.may["system.add"];
  const Body = bodies[step];
  const done = system.stage !== "draft";
  return (
    <Page title={leads[step][0]} trail={[...trail, { label: system.name, to: `/systems/${id}` }]} lead={done || !may?.allowed ? undefined : leads[step][1]} marks={<div className={css.marks}><Health of={system.health.state} /><span className="quiet">{system.name}, {system.kind}</span></div>}>
      {done ? (
        <Alert color="green" variant="light" className={css.inText} title={`${system.name} is active`}>It is no draft any more. <Link to="/systems/$id" params={{ id }}>What is known of it, and its settings</Link></Alert>
      ) : !may?.allowed ? (
        <Alert color="yellow" variant="light" className={css.inText} title="You may look at this draft, and not go on with it">{may?.why}. <Link to="/systems/$id" params={{ id }}>What is kept of it</Link></Alert>
      ) : (
        <>
          <Flow at={at} onGo={onGo} />
          <Body key={step} of={shown.data} onNext={() => onGo(steps[Math.min(at + 1, steps.length - 1)]!.id)} />
          {at > 0 && <div><Button variant="default" size="xs" onClick={() => onGo(steps[at - 1]!.id)}>Back to: {steps[at - 1]!.name.toLowerCase()}</Button></div>}
        </>
      )}
    </Page>
  );
}
