import { Button, Tabs } from "@mantine/core";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { Answer } from "../../shell/Answer";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import ui from "../../ui/ui.module.css";
import { useList } from "../../ui/useList";
import { MayButton } from "../access/MayButton";
import { About, Unusable } from "./About";
import { Retire } from "./Decide";
import { Draft } from "./Draft";
import { State, Waits } from "./marks";
import css from "./policy.module.css";
import { trail, useDocument, type Shown, type Version, type Versioned } from "./policy";
import { Each, Text } from "./Text";
import { Versions } from "./Versions";
import { writerNames } from "./words";

// PolicyDocument answers what one document says, what of it counts, what it was and what it
// is to become.
export function PolicyDocument() {
  const { id } = useParams({ strict: false }) as { id: string };
  const shown = useDocument(id);
  if (!shown.data) return <Page title="Policies" trail={trail}><Panel><Answer to={shown} lines={8}>{() => null}</Answer></Panel></Page>;
  return <Known key={id} of={shown.data} />;
}

function Known({ of }: { of: Versioned }) {
  const d = of.data;
  const list = useList();
  const told = (d.published ?? d.draft)!;
  return (
    <Page
      title={d.in_force ? `What does ${d.name} say, and what of it counts?` : d.published ? `What did ${d.name} say?` : `What is ${d.name} to say?`} trail={trail} lead={told.description}
      marks={(
        <div className={css.marks}>
          <State of={{ number: d.published?.number ?? 0, in_force: d.in_force }} />
          {d.published && <Mark tone="none">{`Version ${d.published.number}`}</Mark>}
          {d.published && d.draft && <span className="within-text"><Waits of={d.draft.retired ? "retires" : "written"} /> <span className="quiet">written by {writerNames(d.draft.authors)}</span>{list.text("tab") !== "draft" && <> <Link to="." search={{ tab: "draft" } as never}>Look at it</Link></>}</span>}
        </div>
      )}
      actions={<Actions of={of} />}
    >
      <Parts of={of} />
    </Page>
  );
}

function Actions({ of }: { of: Versioned }) {
  const d = of.data;
  const go = useNavigate();
  const [retiring, setRetiring] = useState(false);
  const may = d.may ?? {};
  return (
    <>
      {may["policy.simulate"]?.allowed && <Button component={Link} to={`/analytics/what-if?of=policy&document=${d.id}`} variant="default">What if it were enforced?</Button>}
      {d.in_force && !d.draft?.retired && <MayButton may={may["policy.change"]} variant="default" onClick={() => setRetiring(true)}>Retire</MayButton>}
      <MayButton may={may["policy.change"]} variant="default" onClick={() => void go({ to: "/policies/$id/edit", params: { id: d.id } })}>{d.draft ? "Edit the draft" : "Write the next version"}</MayButton>
      {retiring && <Retire of={of} onClose={() => setRetiring(false)} />}
    </>
  );
}

function Parts({ of }: { of: Versioned }) {
  const d = of.data;
  const list = useList();
  const first = d.published ? "says" : "draft";
  const asked = list.text("tab") ?? first;
  const tab = asked === "draft" && !d.draft ? first : asked; // it was published or discarded meanwhile
  return (
    <Tabs value={tab} onChange={(v) => list.set({ tab: v === first ? undefined : v })} keepMounted={false}>
      <Tabs.List aria-label="About this document">
        {d.published && <Tabs.Tab value="says">{d.in_force ? "In force" : "What it said"}</Tabs.Tab>}
        {d.draft && <Tabs.Tab value="draft">The draft</Tabs.Tab>}
        {d.published && <Tabs.Tab value="versions">Versions</Tabs.Tab>}
      </Tabs.List>
      {d.published && <Tabs.Panel value="says" pt="md"><Says of={d} version={d.published} /></Tabs.Panel>}
      {d.draft && <Tabs.Panel value="draft" pt="md"><Draft of={of} draft={d.draft} /></Tabs.Panel>}
      <Tabs.Panel value="versions" pt="md"><Versions of={d} /></Tabs.Panel>
    </Tabs>
  );
}

function Says({ of: d, version: v }: { of: Shown; version: Version }) {
  return (
    <div className={ui.split}>
      <div className={ui.column}>
        <Unusable of={v} />
        <Panel title={d.in_force ? "Its policies" : "Its policies, none of which counts any more"}><Each of={v.policies ?? []} here /></Panel>
        <Panel title="The text"><Text of={v.text} label="The text" /></Panel>
      </div>
      <Panel title={`Version ${v.number}`}><About of={v} /></Panel>
    </div>
  );
}
