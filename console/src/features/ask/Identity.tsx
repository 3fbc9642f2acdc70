import { Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { api, ask } from "../../client/client";
import type { AnswerOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Bones } from "../../ui/Bones";
import { count, Figures } from "../../ui/Figures";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Facts, Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import { useList } from "../../ui/useList";
import ui from "../../ui/ui.module.css";
import { Kind, Life, Severity } from "../access/marks";
import { Named } from "../access/Named";
import { kindNames, said } from "../access/words";
import { functionName } from "../function/words";
import { CutOff, LifeActions, LifeOf, useSeesLife } from "../lifecycle/OfIdentity";
import { SeenBy } from "../vault/SeenBy";
import css from "./ask.module.css";
import { AccessTable } from "./AccessTable";

const Picture = lazy(() => import("./Picture").then((m) => ({ default: m.Picture })));

type Card = AnswerOf<"show-identity">;

export function Identity() {
  const { id } = useParams({ strict: false }) as { id: string };
  return <IdentityOf id={id} />;
}

// IdentityOf answers who somebody is, what they have, and why.
export function IdentityOf({ id, own }: { id: string; own?: boolean }) {
  const list = useList();
  const card = useQuery({ queryKey: ["identity", id], queryFn: () => ask(api.GET("/v1/identities/{id}", { params: { path: { id } } })) });
  const seesLife = useSeesLife() && !own;
  const trail = own ? undefined : [{ label: "Identities", to: "/identities" }];
  const c = card.data;
  if (!c) return <Page title={own ? "What do you have?" : "Identity"} trail={trail}><Panel><Answer to={card} lines={8}>{() => null}</Answer></Panel></Page>;
  const tab = list.text("tab") ?? "access";
  const whose = { id, name: c.identity.name, state: c.state };
  return (
    <Page
      title={own ? "What do you have, and why?" : `What does ${c.identity.name} have, and why?`} trail={trail}
      marks={<div className={css.marks}><Kind of={c.kind} thirdParty={c.third_party !== undefined && c.third_party !== null} /><Life of={c.state} />{c.number && <span className="quiet">{c.number}</span>}{c.email && <span className="quiet">{c.email}</span>}</div>}
      actions={seesLife && c.kind === "human" && <LifeActions of={whose} />}
    >
      {seesLife && <CutOff of={whose} />}
      <Numbers of={c} />
      <Tabs value={tab} onChange={(v) => list.set({ tab: v === "access" ? undefined : v })} keepMounted={false} variant="default">
        <Tabs.List aria-label="About this identity">
          <Tabs.Tab value="access">Access</Tabs.Tab>
          <Tabs.Tab value="picture">Why, drawn</Tabs.Tab>
          <Tabs.Tab value="accounts">Accounts <span className="quiet">{(c.accounts ?? []).length}</span></Tabs.Tab>
          <Tabs.Tab value="findings">Findings <span className="quiet">{(c.findings.items ?? []).length}</span></Tabs.Tab>
          {c.kind === "human" && <Tabs.Tab value="secrets">Secrets seen</Tabs.Tab>}
          <Tabs.Tab value="facts">What is known</Tabs.Tab>
          {seesLife && <Tabs.Tab value="life">Life</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="access" pt="md"><AccessTable id={id} name={c.identity.name} /></Tabs.Panel>
        <Tabs.Panel value="picture" pt="md"><Suspense fallback={<Bones lines={8} height={22} />}><Picture of={id} /></Suspense></Tabs.Panel>
        <Tabs.Panel value="accounts" pt="md"><Accounts of={c} /></Tabs.Panel>
        <Tabs.Panel value="findings" pt="md"><FindingRows of={c.findings} /></Tabs.Panel>
        <Tabs.Panel value="secrets" pt="md"><SeenBy id={id} /></Tabs.Panel>
        <Tabs.Panel value="facts" pt="md"><Known of={c} /></Tabs.Panel>
        {seesLife && <Tabs.Panel value="life" pt="md"><LifeOf of={whose} /></Tabs.Panel>}
      </Tabs>
    </Page>
  );
}

function Numbers({ of }: { of: Card }) {
  const tiers = of.tiers ?? [];
  const sum = (from: number, to: number, mode: "standing" | "eligible" | "active") => tiers.filter((t) => t.tier >= from && t.tier <= to).reduce((n, t) => n + t[mode], 0);
  const privileged = sum(-1, 1, "standing");
  const open = (of.findings.items ?? []).filter((f) => f.status === "open").length;
  return (
    <Figures items={[
      { value: count(privileged), label: "standing privileges", note: "tiers 0 and 1, held now", tone: privileged > 0 ? "bad" : undefined },
      { value: count(sum(-1, 1, "eligible")), label: "eligible privileges", note: "may be taken for a time" },
      { value: count(sum(2, 3, "standing")), label: "ordinary entitlements", note: "tiers 2 and 3" },
      { value: count((of.accounts ?? []).length), label: "accounts" },
      { value: count(open), label: "open findings", tone: open > 0 ? "warn" : undefined },
    ]}
    />
  );
}

function Accounts({ of }: { of: Card }) {
  const accounts = of.accounts ?? [];
  if (accounts.length === 0) return <Panel><Blank title="No account" text="No account in any system is known to belong to it." /></Panel>;
  return (
    <Panel flush>
      <Rows items={accounts.map((a, i) => ({
        key: a.account.id || String(i), to: a.account.id ? `/accounts/${a.account.id}` : undefined,
        title: <>{a.account.name || "hidden"} <span className="quiet">in {a.account.system}</span></>,
        note: <>{kindNames[a.kind] ?? said(a.kind)}, {said(a.status).toLowerCase()}. {a.usage_known ? <>Last used <Time at={a.last_used} />.</> : "Nothing is known of its use."}{a.link?.evidence && <> Linked by {a.link.rule}: {a.link.evidence}.</>}</>,
        end: a.status !== "active" && a.status !== "enabled" ? <Mark tone="none">{said(a.status)}</Mark> : undefined,
      }))}
      />
    </Panel>
  );
}

export function FindingRows({ of, title }: { of: Card["findings"]; title?: string }) {
  const items = of.items ?? [];
  if (items.length === 0 && of.hidden === 0) return <Panel title={title} flush={Boolean(title)}><Blank title="No finding" text="No rule finds anything wrong here." /></Panel>;
  return (
    <Panel title={title} flush>
      <Rows items={items.map((f) => ({
        key: f.id, to: `/findings/${f.id}`, start: <Severity of={f.severity} />, title: f.title,
        note: <>{f.subject.name}, {functionName(f.function)} answers</>, end: <Time at={f.due} />,
      }))}
      />
      {of.hidden > 0 && <p className={css.hidden}>{count(of.hidden)} more are not yours to see.</p>}
    </Panel>
  );
}

function Known({ of }: { of: Card }) {
  return (
    <div className={ui.grid}>
      <Panel title="Positions">
        {(of.affiliations ?? []).length === 0 ? <p className="quiet">None is known.</p> : (of.affiliations ?? []).map((a, i) => (
          <Facts key={i} items={[["Title", a.title], ["Unit", a.unit], ["Employer", a.employer], ["Manager", a.manager && <Named of={a.manager} />], ["Since", a.start && <Time at={a.start} absolute />], ["Until", a.end && <Time at={a.end} absolute />]]} />
        ))}
      </Panel>
      <Panel title="Who answers">
        <Facts items={[
          ["Owner", of.kind === "human" ? undefined : <Named of={of.owner} />],
          ["Organisation", of.third_party?.organisation], ["Sponsor", of.third_party && <Named of={of.third_party.sponsor} />],
          ["Contract until", of.third_party && <Time at={of.third_party.contract_end} absolute />],
          ["Id", <code key="id">{of.identity.id}</code>],
          ["Functions", (of.functions ?? []).map((f) => functionName(f.function)).join(", ") || "none of Writ's"],
        ]}
        />
      </Panel>
      <Panel title="Values, and who says so">
        <Facts items={(of.attributes ?? []).map((a) => [a.name, <span key={a.name}>{a.value}{a.source && <span className="quiet"> from {a.source.name}</span>}</span>])} />
      </Panel>
    </div>
  );
}
