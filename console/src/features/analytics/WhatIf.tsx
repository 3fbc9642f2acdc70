import { SegmentedControl } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Failure } from "../../ui/Blank";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { useList } from "../../ui/useList";
import { useMe } from "../signin/me";
import css from "./analytics.module.css";
import { PolicyWhatIf } from "./PolicyWhatIf";
import { RuleWhatIf } from "./RuleWhatIf";
import { Sections } from "./Sections";

const kinds = [{ value: "rule", label: "A birthright rule" }, { value: "role", label: "A role" }, { value: "policy", label: "A policy" }];

// WhatIf answers what a change would do to everybody, and would have done to what happened.
export function WhatIf() {
  const list = useList();
  const me = useMe();
  const kind = list.text("of") ?? "rule";
  const may = (me.data?.may ?? []).includes("policy.simulate");
  return (
    <Page title="What would a change do, and would it have blocked anything?" lead="It is tried on everybody as they are today, and on what happened. Nothing is kept by trying, and nothing changes.">
      <Sections />
      {me.data && !may ? <Panel flush><Failure kind="denied" text="Trying rules and policies is for IAM and audit." /></Panel> : (
        <>
          <div><SegmentedControl aria-label="What would change" value={kind} onChange={(v) => list.set({ of: v === "rule" ? undefined : v })} data={kinds} /></div>
          {kind === "policy" ? <PolicyWhatIf document={list.text("document")} /> : kind === "role" ? <RoleWhatIf /> : <RuleWhatIf />}
        </>
      )}
    </Page>
  );
}

// RoleWhatIf leads to where a role's draft shows what publishing it would change.
function RoleWhatIf() {
  return (
    <Panel title="What would a change of a role do?">
      <p>A role is changed in a draft, and each draft shows what publishing it would change: who gains and loses what, who would hold what nobody should hold together, who reaches tier 0 or 1 for the first time. Nobody has it before somebody else reviewed it.</p>
      <p className={css.on}><Link to="/roles">Choose a role, and edit its draft</Link> or <Link to="/roles" search={{ draft: "review" } as never}>look at the drafts that wait for a review</Link>.</p>
    </Panel>
  );
}
