import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { IconCircleCheck } from "@tabler/icons-react";
import { api, ask } from "../../client/client";
import type { AnswerOf, QueryOf } from "../../client/types";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { count, Figures } from "../../ui/Figures";
import { ChoiceField } from "../../ui/Filter";
import { Page } from "../../ui/Page";
import { Table, tableClass, type Column } from "../../ui/Table";
import { useList, type List } from "../../ui/useList";
import { Tier } from "../access/marks";
import { Named } from "../access/Named";
import { SystemField } from "../provision/SystemField";
import css from "./analytics.module.css";
import { UseMark } from "./marks";
import { Peers } from "./Peers";
import { Sections } from "./Sections";
import { groupText, heldBy, type Outlier } from "./words";

type Found = AnswerOf<"list-outliers">;

const shares = [{ value: "0", label: "No peer has it" }, { value: "0.01", label: "1 % of the peers at most" }, { value: "0.02", label: "2 % of the peers at most" }];

function columns(list: List): Column<Outlier>[] {
  return [
    { id: "who", header: "Who", cell: (o) => <div><span className={tableClass.main}><Named of={o.identity} /></span><span className={tableClass.sub}>{groupText(o.group)}</span></div> },
    { id: "what", header: "Holds", cell: (o) => <div><Named of={o.entitlement} withSystem={false} /><span className={tableClass.sub}>in {o.system.name}</span></div> },
    { id: "tier", header: "Tier", tight: true, cell: (o) => <Tier of={o.tier} /> },
    { id: "peers", header: "Peers who have it", tight: true, cell: (o) => <button type="button" className={css.link} aria-label={`Peers of ${o.identity.name} about ${o.entitlement.name}: ${heldBy(o)} have it`} onClick={() => list.set({ ...list.search, who: o.identity.id, what: o.entitlement.id })}>{heldBy(o)}</button> },
    { id: "use", header: "Use", tight: true, cell: (o) => <UseMark of={o.use} /> },
    { id: "justified", header: "Why it may be", optional: true, tight: true, cell: (o) => (o.justified ? "Something justifies it" : <span className="quiet">nothing says so</span>) },
    { id: "score", header: "Weight", numeric: true, optional: true, cell: (o) => o.score.toFixed(2) },
  ];
}

// Outliers answers who holds what hardly any of their peers has.
export function Outliers() {
  const list = useList();
  const tier = list.text("tier");
  const query = { system: list.text("system"), tier: tier === undefined ? undefined : Number(tier), share: list.text("share") === undefined ? undefined : Number(list.text("share")), identity: list.text("identity") } as QueryOf<"list-outliers">;
  const found = useQuery({
    queryKey: ["analytics", "outliers", query, list.cursor], placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET("/v1/analytics/outliers", { params: { query: { ...query, cursor: list.cursor } } })),
  });
  const [who, what] = [list.text("who"), list.text("what")];
  const row = (found.data?.items ?? []).find((o) => o.identity.id === who && o.entitlement.id === what);
  const narrowed = Object.values(query).some((value) => value !== undefined);
  return (
    <Page title="Who holds what hardly any of their peers has?" lead="Peers are people who are alike in what explains best who has what. Each line is something to ask about, and no verdict.">
      <Sections />
      {!found.error && <Numbers of={found.data} />}
      <Table
        name="Outliers" columns={columns(list)} rows={found.data?.items ?? undefined} rowKey={(o) => o.identity.id + o.entitlement.id} list={list} next={found.data?.next} total={found.data?.total} stale={found.isPlaceholderData}
        failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />}
        empty={<Blank sign={IconCircleCheck} title="Nothing stands out" text={narrowed ? "Nobody holds anything rare that is as you asked for." : "Nobody holds, themself, what at most one in twenty of their peers has; or there are too few people to compare."} />}
        tools={(
          <>
            <SystemField list={list} />
            <ChoiceField list={list} name="tier" label="Tier" width="8rem" choices={[0, 1, 2, 3].map((t) => ({ value: String(t), label: `Tier ${t}` }))} />
            <ChoiceField list={list} name="share" label="5 % of the peers at most" width="15rem" choices={shares} />
          </>
        )}
      />
      {who && what && <Peers who={who} what={what} of={row} onClose={() => list.set({ ...list.search, who: undefined, what: undefined })} />}
    </Page>
  );
}

function Numbers({ of }: { of?: Found }) {
  const finest = (of?.explained ?? [])[(of?.explained ?? []).length - 1];
  return (
    <Figures items={[
      { value: count(of?.total), label: of?.total === 1 ? "outlier" : "outliers", note: of && `among ${count(of.people)} people` },
      { value: count(of?.tiers["0"]), label: "of tier 0", tone: of && of.tiers["0"] > 0 ? "bad" : undefined, to: "/analytics", search: { tier: 0 } },
      { value: count(of?.tiers["1"]), label: "of tier 1", tone: of && of.tiers["1"] > 0 ? "warn" : undefined, to: "/analytics", search: { tier: 1 } },
      { value: finest ? `${Math.round(finest.share * 100)} %` : "–", label: "of who has what is explained", note: finest ? `by ${(finest.attributes ?? []).join(" and ")}; if that is little, outliers say little` : "everybody is compared with all" },
    ]}
    />
  );
}
