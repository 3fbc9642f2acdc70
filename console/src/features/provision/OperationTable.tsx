import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Table, tableClass, type Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import type { List } from "../../ui/useList";
import { OperationState } from "./marks";
import { account, atWork, remedy, wanted, what, type Operation } from "./words";

interface OperationTableProps {
  name: string;
  list: List;
  page: { items: Operation[] | null; names: Record<string, string>; next?: string } | undefined;
  system?: boolean; // say in which one each is
  byHand?: boolean; // people carry them out: there are no attempts
  stale?: boolean;
  failure?: ReactNode;
  empty: ReactNode;
  tools?: ReactNode;
}

function columns(names: Record<string, string>, system: boolean, byHand: boolean): Column<Operation>[] {
  return [
    { id: "what", header: "What", cell: (o) => <div><Link to="/provisioning/operations/$id" params={{ id: o.id }} className={tableClass.main}>{what(o, names)}</Link>{byHand && wanted(o) && <span className={tableClass.sub}>with {wanted(o)}</span>}<Why of={o} /></div> },
    { id: "account", header: "On the account", cell: (o) => <div>{account(o, names)}{o.identity && names[o.identity] && <span className={tableClass.sub}>{names[o.identity]}</span>}</div> },
    ...(system ? [{ id: "system", header: "System", cell: (o: Operation) => <Link to="/systems/$id" params={{ id: o.system }}>{names[o.system] ?? "a system"}</Link> }] : []),
    ...(byHand ? [] : attempts),
    { id: "planned", header: "Planned", tight: true, optional: !system, cell: (o) => <Time at={o.planned_at} /> },
  ];
}

const attempts: Column<Operation>[] = [
  { id: "state", header: "State", tight: true, cell: (o) => <div><OperationState of={o.state} />{o.by_hand && o.state === "waiting" && <span className={tableClass.sub}>by hand</span>}</div> },
  { id: "attempts", header: "Attempts", numeric: true, cell: (o) => o.attempts },
  { id: "next", header: "Next try", tight: true, cell: (o) => (o.due_at && atWork(o) && o.attempts > 0 ? <Time at={o.due_at} /> : <span className="quiet">–</span>) },
];

// Why says in words what keeps an operation, and what to do. What is so of every line of a
// list (held, by hand) its page says once.
function Why({ of }: { of: Operation }) {
  if (of.state === "held" || of.by_hand || (of.state === "verified" && of.code !== "seen")) return null;
  const told = [of.error, remedy(of)].filter(Boolean).join(" ");
  return told ? <span className={tableClass.sub}>{told}</span> : null;
}

export function OperationTable({ name, list, page, system = false, byHand = false, ...rest }: OperationTableProps) {
  return <Table name={name} columns={columns(page?.names ?? {}, system, byHand)} rows={page?.items ?? undefined} rowKey={(o) => o.id} list={list} next={page?.next} {...rest} />;
}
