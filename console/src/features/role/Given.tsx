import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import type { ItemOf } from "../../client/types";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Table, type Column } from "../../ui/Table";
import { useList } from "../../ui/useList";
import { Tier } from "../access/marks";
import { Named } from "../access/Named";
import type { Shown, Told } from "./role";
import css from "./role.module.css";
import { valuesText } from "./words";

type Line = ItemOf<"list-role-entitlements">;

const columns: Column<Line>[] = [
  { id: "entitlement", header: "Entitlement", cell: (g) => <Named of={g.entitlement} /> },
  { id: "tier", header: "Tier", tight: true, cell: (g) => <Tier of={g.tier} /> },
  { id: "through", header: "Through", cell: (g) => <Through of={g} /> },
];

function Through({ of }: { of: Line }) {
  const roles = of.through ?? [];
  return (
    <>
      {of.own && <span className="quiet">the role itself</span>}
      {roles.map((r, i) => <span key={r.id || i}>{(i > 0 || of.own) && ", "}<Named of={r} /></span>)}
    </>
  );
}

// Given is all that a role gives, with the role that it comes through.
export function Given({ of }: { of: Shown }) {
  const list = useList();
  const found = useQuery({
    queryKey: ["role", of.id, "given", list.cursor], placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET("/v1/roles/{id}/entitlements", { params: { path: { id: of.id }, query: { cursor: list.cursor } } })),
  });
  const some = (of.published as Told).parts?.filter((p) => Object.keys(p.when ?? {}).length > 0) ?? [];
  return (
    <div className={css.column}>
      <Table
        name="What it gives" columns={columns} rows={found.data?.items ?? undefined} rowKey={(g) => g.entitlement.id || g.entitlement.name} list={list} next={found.data?.next} total={found.data?.total} stale={found.isPlaceholderData}
        failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />}
        empty={<Blank title="Nothing is given to everybody" text="What it gives depends on the value that it is assigned with." />}
      />
      {some.length > 0 && (
        <Panel title="And for some values only" flush>
          <Rows items={some.map((p, i) => ({ key: String(i), title: <Named of={p.part} />, end: <span className="quiet">{valuesText(p.when)}</span> }))} />
        </Panel>
      )}
    </div>
  );
}
