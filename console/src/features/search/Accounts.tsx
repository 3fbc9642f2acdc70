import { Link } from "@tanstack/react-router";
import { api, ask } from "../../client/client";
import type { ItemOf, QueryOf } from "../../client/types";
import { ChoiceField, SearchField } from "../../ui/Filter";
import { Mark } from "../../ui/Mark";
import { tableClass, type Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { useList } from "../../ui/useList";
import { kindNames, said } from "../access/words";
import { ListPage } from "./lists";

type Row = ItemOf<"list-accounts">;

const columns: Column<Row>[] = [
  { id: "login", header: "Account", sort: "name", cell: (r) => <div><Link to="/accounts/$id" params={{ id: r.id }} className={tableClass.main}>{r.login || r.native_id}</Link>{r.display_name && <span className={tableClass.sub}>{r.display_name}</span>}</div> },
  { id: "system", header: "System", sort: "system", cell: (r) => <Link to="/systems/$id" params={{ id: r.system.id }}>{r.system.name}</Link> },
  { id: "whose", header: "Whose", cell: (r) => <Whose of={r} /> },
  { id: "kind", header: "Kind", sort: "kind", tight: true, cell: (r) => kindNames[r.kind] ?? said(r.kind) },
  { id: "status", header: "Status", sort: "status", tight: true, cell: (r) => <Mark tone={r.status === "enabled" ? "good" : "none"} bare>{said(r.status)}</Mark> },
  { id: "used", header: "Last used", sort: "last_used", tight: true, cell: (r) => <>{r.usage_known ? <Time at={r.last_used} /> : <span className="quiet">unknown</span>} {r.dormant && <Mark tone="warn">Dormant</Mark>}</> },
  { id: "native", header: "Native id", optional: true, cell: (r) => <code>{r.native_id}</code> },
];

function Whose({ of }: { of: Row }) {
  if (of.disputed) return <Mark tone="warn">Disputed</Mark>;
  const whose = of.identities ?? [];
  if (of.orphan || whose.length === 0) return <Mark tone="warn">Orphan</Mark>;
  return <>{whose.map((w, i) => <span key={w.id}>{i > 0 && ", "}<Link to="/identities/$id" params={{ id: w.id }}>{w.name}</Link></span>)}</>;
}

const statuses = ["enabled", "disabled", "locked", "expired"];

export function Accounts() {
  const list = useList();
  const query = { q: list.text("q"), kind: list.text("kind"), status: list.text("status"), orphan: list.text("orphan"), dormant: list.text("dormant"), disputed: list.text("disputed"), system: list.text("system"), sort: list.sort };
  return (
    <ListPage
      title="Which accounts are there, and whose are they?" lead="Every presence in a system, with whom it belongs to. Orphans belong to nobody who is known; dormant ones are known to be unused." what="accounts"
      list={list} query={query} path="/v1/accounts" columns={columns} rowKey={(r) => r.id}
      ask={(q) => ask(api.GET("/v1/accounts", { params: { query: q as QueryOf<"list-accounts"> } }))}
      tools={(
        <>
          <SearchField list={list} label="Login, or system:payroll-db" />
          <ChoiceField list={list} name="kind" label="Kind" width="9rem" choices={["person", "admin", "service", "shared", "break_glass", "built_in"].map((k) => ({ value: k, label: kindNames[k]! }))} />
          <ChoiceField list={list} name="status" label="Status" width="8.5rem" choices={statuses.map((s) => ({ value: s, label: said(s) }))} />
          <ChoiceField list={list} name="orphan" label="Whose" width="9rem" choices={[{ value: "yes", label: "Nobody's" }, { value: "no", label: "Somebody's" }]} />
          <ChoiceField list={list} name="dormant" label="Use" width="8.5rem" choices={[{ value: "yes", label: "Dormant" }, { value: "no", label: "Not dormant" }]} />
        </>
      )}
    />
  );
}
