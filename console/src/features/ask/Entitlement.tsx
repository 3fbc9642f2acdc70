import { Tabs } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { api, ask, askWithTag } from "../../client/client";
import type { AnswerOf, ItemOf } from "../../client/types";
import { Answer, Failed } from "../../shell/Answer";
import { Bar } from "../../ui/Bar";
import { Blank } from "../../ui/Blank";
import { Bones } from "../../ui/Bones";
import { count, Figures } from "../../ui/Figures";
import { ChoiceField } from "../../ui/Filter";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Facts, Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Table, tableClass, type Column } from "../../ui/Table";
import { useList } from "../../ui/useList";
import ui from "../../ui/ui.module.css";
import { Mode, Tier } from "../access/marks";
import { Named } from "../access/Named";
import { controlNames, controls, modeNames, said, tierMeans } from "../access/words";
import css from "./ask.module.css";
import { Decided } from "./Override";
import { FindingRows } from "./Identity";

const Picture = lazy(() => import("./Picture").then((m) => ({ default: m.Picture })));

type Dossier = AnswerOf<"show-entitlement">;

// Entitlement answers who has it, how much damage it can do, and why that is so.
export function Entitlement() {
  const { id } = useParams({ strict: false }) as { id: string };
  const list = useList();
  const shown = useQuery({ queryKey: ["entitlement", id], queryFn: () => askWithTag(api.GET("/v1/entitlements/{id}", { params: { path: { id } } })) });
  const trail = [{ label: "Entitlements", to: "/entitlements" }];
  const d = shown.data?.data;
  if (!d) return <Page title="Entitlement" trail={trail}><Panel><Answer to={shown} lines={8}>{() => null}</Answer></Panel></Page>;
  const tab = list.text("tab") ?? "holders";
  const holders = d.holders ?? [];
  return (
    <Page
      title={`Who has ${d.entitlement.name}, and what can it do?`} trail={trail} lead={d.description}
      marks={<div className={css.marks}><Tier of={d.tier} /><span className="quiet">{said(d.kind)} in</span><Named of={d.in} /><span className="quiet">{d.disciplines}</span></div>}
    >
      <Figures items={[
        ...holders.map((h) => ({ value: count(h.identities), label: `${modeNames[h.mode] ?? h.mode} holders`, note: `${count(h.direct)} by a grant of their own` })),
        { value: count(holders.reduce((n, h) => n + h.orphans, 0)), label: "orphan accounts", note: "that have it and are nobody's" },
      ]}
      />
      <Tabs value={tab} onChange={(v) => list.set({ tab: v === "holders" ? undefined : v })} keepMounted={false}>
        <Tabs.List aria-label="About this entitlement">
          <Tabs.Tab value="holders">Who has it</Tabs.Tab>
          <Tabs.Tab value="why">Tier and why</Tabs.Tab>
          <Tabs.Tab value="picture">Drawn</Tabs.Tab>
          <Tabs.Tab value="around">Around it</Tabs.Tab>
          <Tabs.Tab value="findings">Findings <span className="quiet">{(d.findings.items ?? []).length}</span></Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="holders" pt="md"><HolderTable id={id} name={d.entitlement.name} /></Tabs.Panel>
        <Tabs.Panel value="why" pt="md"><Classification of={d} id={id} tag={shown.data?.tag ?? ""} /></Tabs.Panel>
        <Tabs.Panel value="picture" pt="md"><Suspense fallback={<Bones lines={8} height={22} />}><Picture of={id} /></Suspense></Tabs.Panel>
        <Tabs.Panel value="around" pt="md"><Around of={d} /></Tabs.Panel>
        <Tabs.Panel value="findings" pt="md"><FindingRows of={d.findings} /></Tabs.Panel>
      </Tabs>
    </Page>
  );
}

type Holder = ItemOf<"list-entitlement-holders">;

const columns: Column<Holder>[] = [
  { id: "holder", header: "Holder", cell: (h) => <div>{h.holder.hidden || !h.holder.id ? <span className="quiet">hidden</span> : h.holder.type === "identity" ? <Link to="/identities/$id" params={{ id: h.holder.id }} className={tableClass.main}>{h.holder.name}</Link> : h.holder.name}<span className={tableClass.sub}>{h.through}</span></div> },
  { id: "type", header: "Kind", tight: true, cell: (h) => (h.holder.type === "account" ? <Mark tone="warn">Orphan account</Mark> : said(h.holder.type)) },
  { id: "modes", header: "How", tight: true, cell: (h) => (h.modes ?? []).map((m) => <Mode key={m} of={m} />) },
  { id: "direct", header: "Grant", tight: true, cell: (h) => (h.direct ? "their own" : "through others") },
];

function HolderTable({ id, name }: { id: string; name: string }) {
  const list = useList();
  const mode = list.text("mode");
  const found = useQuery({
    queryKey: ["holders", id, mode, list.cursor], placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET("/v1/entitlements/{id}/holders", { params: { path: { id }, query: { mode: mode ? [mode] : undefined, cursor: list.cursor } as never } })),
  });
  return (
    <Table
      name={`Who has ${name}`} columns={columns} rows={found.data?.items ?? undefined} rowKey={(h) => h.holder.id} list={list} next={found.data?.next} total={found.data?.total} stale={found.isPlaceholderData}
      failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />} empty={<Blank title="Nobody has it" text="No identity and no account can reach it." />}
      tools={<ChoiceField list={list} name="mode" label="How held" width="9rem" choices={["standing", "eligible", "active"].map((m) => ({ value: m, label: modeNames[m]! }))} />}
    />
  );
}

function Classification({ of, id, tag }: { of: Dossier; id: string; tag: string }) {
  const cells = of.coverage ?? [];
  return (
    <div className={ui.grid}>
      <Panel title={of.tier < 0 ? "Not classified" : `Tier ${of.tier}: ${tierMeans[of.tier]}`}>
        <ul className={css.reasons}>
          {(of.reasons ?? []).map((r, i) => <li key={i}><Tier of={r.tier} /><span>{r.text}{r.path?.sentence && <span className="quiet"> {r.path.sentence}</span>}</span></li>)}
        </ul>
        <Decided of={of} id={id} tag={tag} />
      </Panel>
      <Panel title="What it lets its holder do">
        {(of.capabilities ?? []).length === 0 ? <p className="quiet">Nothing beyond itself was observed.</p> : <Facts items={(of.capabilities ?? []).map((c) => [said(c.right), <Named key={c.on.id} of={c.on} />])} />}
      </Panel>
      <Panel title="Controls" note={`of all tier ${of.tier} access in ${of.in.name}`}>
        <Facts items={controls.map((control) => {
          const some = cells.filter((c) => c.control === control);
          const sum = (f: (c: (typeof cells)[number]) => number) => some.reduce((n, c) => n + f(c), 0);
          return [controlNames[control]!, some.length === 0 ? undefined : (
            <div className={css.controls}>
              <span>{count(sum((c) => c.in_place))} of {count(sum((c) => c.required))} in place</span>
              <Bar parts={[{ tone: "good", label: "in place", n: sum((c) => c.in_place) }, { tone: "bad", label: "missing", n: sum((c) => c.missing) }, { tone: "none", label: "unknown", n: sum((c) => c.unknown) }, { tone: "odd", label: "excepted", n: sum((c) => c.excepted) }]} />
            </div>
          )];
        })}
        />
      </Panel>
      <Panel title="Who answers">
        <Facts items={[["Owner", <span key="o"><Named of={of.owner} />{of.owner_of_system && <span className="quiet">, as the owner of its system</span>}</span>], ["Native id", <code key="n">{of.native_id}</code>]]} />
      </Panel>
    </div>
  );
}

function Around({ of }: { of: Dossier }) {
  const parts = [
    { title: "What its holders have through it", list: of.contains }, { title: "Whose holders have it", list: of.contained_in }, { title: "What nobody should have beside it", list: of.conflicts },
  ];
  return (
    <div className={ui.grid}>
      {parts.map(({ title, list }) => (
        <Panel key={title} title={title} note={count(list.total)} flush>
          {(list.items ?? []).length === 0 ? <Blank title="None" /> : <Rows items={(list.items ?? []).map((n, i) => ({ key: n.entitlement.id || String(i), to: n.entitlement.id ? `/entitlements/${n.entitlement.id}` : undefined, title: n.entitlement.name || "hidden", note: n.entitlement.system, end: <Tier of={n.tier} /> }))} />}
        </Panel>
      ))}
    </div>
  );
}
