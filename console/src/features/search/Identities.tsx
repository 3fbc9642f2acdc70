import { Link } from "@tanstack/react-router";
import { api, ask } from "../../client/client";
import type { ItemOf, QueryOf } from "../../client/types";
import { count } from "../../ui/Figures";
import { ChoiceField, SearchField } from "../../ui/Filter";
import { tableClass, type Column } from "../../ui/Table";
import { useList } from "../../ui/useList";
import { Kind, Life } from "../access/marks";
import { kindNames, said } from "../access/words";
import { ListPage } from "./lists";

type Row = ItemOf<"list-identities">;

const columns: Column<Row>[] = [
  { id: "name", header: "Name", sort: "name", cell: (r) => <div><Link to="/identities/$id" params={{ id: r.id }} className={tableClass.main}>{r.name}</Link>{(r.email || r.number) && <span className={tableClass.sub}>{[r.number, r.email].filter(Boolean).join(" · ")}</span>}</div> },
  { id: "kind", header: "Kind", sort: "kind", tight: true, cell: (r) => <Kind of={r.kind} /> },
  { id: "third_party", header: "Third party", tight: true, cell: (r) => (r.third_party ? (r.organisation || "yes") : <span className="quiet">no</span>) },
  { id: "state", header: "State", sort: "state", tight: true, cell: (r) => <Life of={r.state} /> },
  { id: "owner", header: "Owner", cell: (r) => (r.owner ? <Link to="/identities/$id" params={{ id: r.owner.id }}>{r.owner.name}</Link> : <span className="quiet">{r.kind === "human" ? "–" : "nobody"}</span>) },
  { id: "accounts", header: "Accounts", numeric: true, cell: (r) => count(r.accounts) },
];

const states = ["active", "staged", "pre_hire", "suspended", "leave_of_absence", "terminating", "terminated"];

export function Identities() {
  const list = useList();
  const query = { q: list.text("q"), kind: list.text("kind"), state: list.text("state"), third_party: list.text("third_party"), owner: list.text("owner"), sort: list.sort };
  return (
    <ListPage
      title="Who is there, and who answers for them?" lead="Everybody and everything that can have access: people, services and agents." what="identities"
      list={list} query={query} path="/v1/identities" columns={columns} rowKey={(r) => r.id}
      ask={(q) => ask(api.GET("/v1/identities", { params: { query: q as QueryOf<"list-identities"> } }))}
      tools={(
        <>
          <SearchField list={list} label="Name, or kind:service owner:none" />
          <ChoiceField list={list} name="kind" label="Kind" width="8.5rem" choices={["human", "service", "agent"].map((k) => ({ value: k, label: kindNames[k]! }))} />
          <ChoiceField list={list} name="state" label="State" width="10rem" choices={states.map((s) => ({ value: s, label: said(s) }))} />
          <ChoiceField list={list} name="third_party" label="Third party" width="9.5rem" choices={[{ value: "yes", label: "Third party" }, { value: "no", label: "Our own" }]} />
        </>
      )}
    />
  );
}
