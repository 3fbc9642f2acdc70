import { Link } from "@tanstack/react-router";
import { api, ask } from "../../client/client";
import type { ItemOf, QueryOf } from "../../client/types";
import { count } from "../../ui/Figures";
import { ChoiceField, SearchField } from "../../ui/Filter";
import { tableClass, type Column } from "../../ui/Table";
import { useList } from "../../ui/useList";
import { Tier } from "../access/marks";
import { said } from "../access/words";
import { ListPage } from "./lists";

type Row = ItemOf<"list-entitlements">;

const columns: Column<Row>[] = [
  { id: "name", header: "Entitlement", sort: "name", cell: (r) => <div><Link to="/entitlements/$id" params={{ id: r.id }} className={tableClass.main}>{r.name}</Link>{r.description && <span className={tableClass.sub}>{r.description}</span>}</div> },
  { id: "tier", header: "Tier", sort: "tier", tight: true, cell: (r) => <Tier of={r.tier} /> },
  { id: "kind", header: "Kind", sort: "kind", tight: true, cell: (r) => said(r.kind) },
  { id: "system", header: "System", sort: "system", cell: (r) => (r.system ? <Link to="/systems/$id" params={{ id: r.system.id }}>{r.system.name}</Link> : "–") },
  { id: "owner", header: "Owner", cell: (r) => (r.owner ? <Link to="/identities/$id" params={{ id: r.owner.id }}>{r.owner.name}</Link> : <span className="quiet">nobody</span>) },
  { id: "identities", header: "Can reach it", numeric: true, cell: (r) => count(r.identities) },
  { id: "orphans", header: "Orphans", numeric: true, optional: true, cell: (r) => count(r.orphans) },
];

export function Entitlements() {
  const list = useList();
  const query = { q: list.text("q"), tier: list.text("tier"), system: list.text("system"), owner: list.text("owner"), sort: list.sort };
  return (
    <ListPage
      title="What can be had, and how much damage can it do?" lead="Every permission that a system can give, with the tier that follows from what it can really do." what="entitlements"
      list={list} query={query} path="/v1/entitlements" columns={columns} rowKey={(r) => r.id}
      ask={(q) => ask(api.GET("/v1/entitlements", { params: { query: q as QueryOf<"list-entitlements"> } }))}
      tools={(
        <>
          <SearchField list={list} label="Name, or system:payroll-db tier:0" />
          <ChoiceField list={list} name="tier" label="Tier" width="9.5rem" choices={[...[0, 1, 2, 3].map((t) => ({ value: String(t), label: `Tier ${t}` })), { value: "none", label: "Not classified" }]} />
          <ChoiceField list={list} name="owner" label="Owner" width="8.5rem" choices={[{ value: "none", label: "Nobody" }]} />
        </>
      )}
    />
  );
}
