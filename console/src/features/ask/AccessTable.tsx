import { Button, Modal, Switch } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, ask } from "../../client/client";
import type { ItemOf } from "../../client/types";
import { Answer, Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { ChoiceField } from "../../ui/Filter";
import { Table, tableClass, type Column } from "../../ui/Table";
import { useList } from "../../ui/useList";
import { Mode, Tier } from "../access/marks";
import { Mark } from "../../ui/Mark";
import { Named } from "../access/Named";
import css from "./ask.module.css";

type Line = ItemOf<"list-access">;

// AccessTable lists what an identity effectively has, worst first, each with its way.
export function AccessTable({ id, name }: { id: string; name: string }) {
  const list = useList();
  const query = { tier: list.text("tier") === undefined ? undefined : [Number(list.text("tier"))], mode: list.text("mode") ? [list.text("mode")] : undefined, escalation: list.text("escalation") === "1" || undefined };
  const found = useQuery({
    queryKey: ["access", id, query, list.cursor],
    queryFn: () => ask(api.GET("/v1/identities/{id}/access", { params: { path: { id }, query: { ...query, cursor: list.cursor } as never } })),
    placeholderData: (b) => b,
  });
  const columns: Column<Line>[] = [
    {
      id: "entitlement", header: "Entitlement", cell: (l) => (
        <div>
          {l.entitlement.hidden || !l.entitlement.id ? <span className="quiet">hidden</span> : <Link to="/entitlements/$id" params={{ id: l.entitlement.id }} className={tableClass.main}>{l.entitlement.name}</Link>}
          <span className={tableClass.sub}>{l.through}</span>
        </div>
      ),
    },
    { id: "tier", header: "Tier", tight: true, cell: (l) => <Tier of={l.tier} /> },
    { id: "mode", header: "How", tight: true, cell: (l) => <>{(l.modes ?? []).map((m) => <Mode key={m} of={m} />)} {l.escalated && <Mark tone="warn" title="Only by becoming somebody else">By escalation</Mark>}</> },
    { id: "system", header: "System", cell: (l) => l.entitlement.system ?? "–" },
    { id: "resource", header: "On", optional: true, cell: (l) => (l.resource ? <Named of={l.resource} withSystem={false} /> : <span className="quiet">–</span>) },
    { id: "direct", header: "Direct", optional: true, tight: true, cell: (l) => (l.direct ? "yes" : "through others") },
    { id: "why", header: "Why", tight: true, cell: (l) => l.entitlement.id && <Button variant="subtle" size="compact-xs" onClick={() => list.set({ ...list.search, why: l.entitlement.id })} aria-label={`Why ${l.entitlement.name}`}>Why</Button> },
  ];
  return (
    <>
      <Table
        name={`What ${name} has`} columns={columns} rows={found.data?.items ?? undefined} rowKey={(l) => `${l.entitlement.id}${l.resource?.id ?? ""}`}
        list={list} next={found.data?.next} total={found.data?.total} stale={found.isPlaceholderData}
        failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />}
        empty={<Blank title="Nothing" text="It has no entitlement that fits." />}
        tools={(
          <>
            <ChoiceField list={list} name="tier" label="Tier" width="8rem" choices={[0, 1, 2, 3].map((t) => ({ value: String(t), label: `Tier ${t}` }))} />
            <ChoiceField list={list} name="mode" label="How held" width="9rem" choices={["standing", "eligible", "active"].map((m) => ({ value: m, label: m.charAt(0).toUpperCase() + m.slice(1) }))} />
            <Switch label="Also what it could become" checked={list.text("escalation") === "1"} onChange={(e) => list.set({ escalation: e.currentTarget.checked ? 1 : undefined })} />
          </>
        )}
      />
      {list.text("why") && <Why who={id} what={list.text("why")!} escalation={query.escalation} onClose={() => list.set({ why: undefined })} />}
    </>
  );
}

// Why tells the shortest ways in sentences.
function Why({ who, what, escalation, onClose }: { who: string; what: string; escalation?: boolean; onClose: () => void }) {
  const why = useQuery({ queryKey: ["why", who, what, escalation], queryFn: () => ask(api.GET("/v1/why", { params: { query: { who, what, escalation } } })) });
  return (
    <Modal opened onClose={onClose} title="Why?" size="lg">
      <Answer to={why} lines={4}>
        {(w) => ((w.paths ?? []).length === 0
          ? <p>There is no way to it any more.</p>
          : (
            <>
              <p className="quiet">{w.count === "1" ? "There is one shortest way:" : `There are ${w.count} shortest ways${(w.paths ?? []).length < Number(w.count) ? `; these are the first ${(w.paths ?? []).length}` : ""}:`}</p>
              <ol className={css.text}>{(w.paths ?? []).map((p, i) => <li key={i}>{p.sentence}</li>)}</ol>
            </>
          ))}
      </Answer>
    </Modal>
  );
}
