import { Button, Tabs } from "@mantine/core";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { count, Figures } from "../../ui/Figures";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Facts, Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { useList } from "../../ui/useList";
import { MayButton } from "../access/MayButton";
import { Named, placeOf } from "../access/Named";
import { Own, Retire } from "./Decide";
import { Draft, Waiting } from "./Draft";
import { parametersText } from "./draft";
import { Given } from "./Given";
import { DraftState, RoleKind } from "./marks";
import { Assign, Members } from "./Members";
import { trail, useRole, type Shown, type Told, type Versioned } from "./role";
import css from "./role.module.css";
import { people, valuesText, writerName, writerNames } from "./words";

// Role answers what a role gives, who has it, who answers for it, and what it is to become.
export function Role() {
  const { id } = useParams({ strict: false }) as { id: string };
  const shown = useRole(id);
  if (!shown.data) return <Page title="Role" trail={trail}><Panel><Answer to={shown} lines={8}>{() => null}</Answer></Panel></Page>;
  return <Known key={id} of={shown.data} />;
}

function Known({ of }: { of: Versioned }) {
  const r = of.data;
  const told = (r.published ?? r.draft) as Told;
  const [owning, setOwning] = useState(false);
  return (
    <Page
      title={r.published ? `What does ${told.name} give, and who has it?` : `What would ${told.name} give?`} trail={trail} lead={told.description}
      marks={(
        <>
          <div className={css.marks}>
            <RoleKind of={told.kind} />
            {r.published ? <Mark tone="none">{`Version ${(r.versions ?? [])[0]?.number ?? 1}`}</Mark> : r.draft && <DraftState of={r.draft.state} />}
            <span><span className="quiet">Answered for by </span><Named of={told.owner} /> {r.published && !r.of && <MayButton may={r.may?.["role.owner"]} variant="default" size="compact-xs" onClick={() => setOwning(true)}>Change<span className="out-of-view"> the owner</span></MayButton>}</span>
            {r.of && <span className="quiet">A variant, for {valuesText(r.bound)}, of <Link to="/roles/$id" params={{ id: r.of }}>its role</Link></span>}
          </div>
          {r.published && r.draft && <Waiting of={r} draft={r.draft} />}
        </>
      )}
      actions={<Actions of={of} />}
    >
      {r.published && <Numbers of={r} />}
      <Parts of={of} />
      {owning && <Own of={of} onClose={() => setOwning(false)} />}
    </Page>
  );
}

type Open = "assign" | "retire";

function Actions({ of }: { of: Versioned }) {
  const r = of.data;
  const go = useNavigate();
  const [open, setOpen] = useState<Open>();
  const may = r.may ?? {};
  const close = () => setOpen(undefined);
  const whole = r.published && !r.of; // a variant is changed by its role
  return (
    <>
      {whole && <MayButton may={may["role.publish"]} variant="default" onClick={() => setOpen("retire")}>Retire</MayButton>}
      {!r.of && <MayButton may={may["role.change"]} variant="default" onClick={() => void go({ to: "/roles/$id/edit", params: { id: r.id } })}>{r.draft ? "Edit the draft" : "Edit"}</MayButton>}
      {r.published && (r.published.parameters ?? []).length === 0 && <Button component={Link} to={`/roles/${r.id}/migration`} variant="default">Migrate people</Button>}
      {r.published && <MayButton may={may["role.assign"]} onClick={() => setOpen("assign")}>Give it to somebody</MayButton>}
      {open === "retire" && <Retire of={of} onClose={close} />}
      {open === "assign" && <Assign of={r} onClose={close} />}
    </>
  );
}

function Numbers({ of: r }: { of: Shown }) {
  const rules = (r.rules ?? []).length;
  const all = r.people + (r.variants ?? []).reduce((n, v) => n + v.people, 0);
  const over = (r.contained_in ?? []).length;
  return (
    <Figures items={[
      { value: count(all), label: all === 1 ? "has it" : "have it", note: "by assignment, another role or a rule" },
      { value: count(r.entitlements), label: r.entitlements === 1 ? "entitlement" : "entitlements", note: "inherited ones with them" },
      ...((r.variants ?? []).length > 0 ? [{ value: count(r.variants?.length), label: r.variants?.length === 1 ? "variant" : "variants", note: parametersText(r.published?.parameters ?? null) }] : []),
      { value: count(rules), label: rules === 1 ? "rule gives it" : "rules give it", note: (r.rules ?? []).join(", ") || undefined },
      { value: count(over), label: over === 1 ? "role contains it" : "roles contain it" },
    ]}
    />
  );
}

function Parts({ of }: { of: Versioned }) {
  const r = of.data;
  const list = useList();
  const first = r.published ? "gives" : "draft";
  const asked = list.text("tab") ?? first;
  const tab = asked === "draft" && !r.draft ? first : asked; // it was published or discarded meanwhile
  return (
    <Tabs value={tab} onChange={(v) => list.set({ tab: v === first ? undefined : v })} keepMounted={false}>
      <Tabs.List aria-label="About this role">
        {r.published && <Tabs.Tab value="gives">What it gives</Tabs.Tab>}
        {r.published && <Tabs.Tab value="members">Who has it</Tabs.Tab>}
        {r.draft && <Tabs.Tab value="draft">The draft</Tabs.Tab>}
        {r.published && <Tabs.Tab value="versions">Versions</Tabs.Tab>}
        {r.published && <Tabs.Tab value="around">Around it</Tabs.Tab>}
      </Tabs.List>
      {r.published && <Tabs.Panel value="gives" pt="md"><Given of={r} /></Tabs.Panel>}
      <Tabs.Panel value="members" pt="md"><Members of={r} /></Tabs.Panel>
      {r.draft && <Tabs.Panel value="draft" pt="md"><Draft of={of} draft={r.draft} /></Tabs.Panel>}
      <Tabs.Panel value="versions" pt="md"><Versions of={r} /></Tabs.Panel>
      <Tabs.Panel value="around" pt="md"><Around of={r} /></Tabs.Panel>
    </Tabs>
  );
}

function Versions({ of: r }: { of: Shown }) {
  return (
    <Panel title="What it was, and who decided" flush>
      <Rows items={(r.versions ?? []).map((v) => ({
        key: String(v.number), start: <Mark tone="none">{`Version ${v.number}`}</Mark>, title: v.name, end: <Time at={v.since} />,
        note: `written by ${writerNames(v.authors, r.writers)}, reviewed by ${writerName(v.reviewer, r.writers)}; ${v.parts === 1 ? "1 part" : `${count(v.parts)} parts`}`,
      }))}
      />
    </Panel>
  );
}

function Around({ of: r }: { of: Shown }) {
  const [rules, over, variants] = [r.rules ?? [], r.contained_in ?? [], r.variants ?? []];
  const inside = (r.published?.parts ?? []).filter((p) => p.part.type === "role");
  return (
    <div className={ui.grid}>
      <Panel title="Rules that give it" note={count(rules.length)} flush>
        {rules.length === 0 ? <Blank title="None" /> : <Rows items={rules.map((name) => ({ key: name, title: name, note: "birthright rule" }))} />}
      </Panel>
      <Panel title="Roles that contain it" note={count(over.length)} flush>
        {over.length === 0 ? <Blank title="None" /> : <Rows items={over.map((o, i) => ({ key: o.id || String(i), to: placeOf(o), title: o.hidden ? "hidden" : o.name }))} />}
      </Panel>
      <Panel title="Roles that it contains" note={count(inside.length)} flush>
        {inside.length === 0 ? <Blank title="None" /> : <Rows items={inside.map((p, i) => ({ key: p.part.id || String(i), to: placeOf(p.part), title: p.part.hidden ? "hidden" : p.part.name, note: valuesText(p.when) || undefined }))} />}
      </Panel>
      {(r.published?.parameters ?? []).length > 0 && !r.of && (
        <Panel title="Variants" note={count(variants.length)} flush>
          {variants.length === 0 ? <Blank title="None" text="One comes with the first assignment of its values." /> : <Rows items={variants.map((v) => ({ key: v.id, to: `/roles/${v.id}`, title: valuesText(v.values), end: people(v.people) }))} />}
        </Panel>
      )}
      {r.of && <Panel title="Its values"><Facts items={Object.entries(r.bound ?? {})} /></Panel>}
    </div>
  );
}
