import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { AnswerOf } from "../../client/types";
import { Table, tableClass, type Column } from "../../ui/Table";
import type { List } from "../../ui/useList";
import { Named } from "../access/Named";
import { EventKind, saidBy, When } from "./marks";
import type { LifeEvent } from "./words";

type Page = AnswerOf<"list-lifecycle-events">;

interface EventTableProps {
  name: string;
  list: List;
  page: Page | undefined;
  person?: boolean; // say whose life each is in
  stale?: boolean;
  failure?: ReactNode;
  empty: ReactNode;
  tools?: ReactNode;
}

function columns(names: Record<string, string>, person: boolean): Column<LifeEvent>[] {
  const link = (e: LifeEvent, text: ReactNode) => <Link to="/lifecycle/$id" params={{ id: e.key }} className={tableClass.main}>{text}</Link>;
  return [
    { id: "what", header: "Event", cell: (e) => <div>{link(e, <EventKind of={e} bare />)}{(e.reason || e.detail) && <span className={tableClass.sub}>{e.reason ? `“${e.reason}”` : e.detail?.replaceAll("_", " ")}</span>}</div> },
    ...(person ? [{ id: "who", header: "Who", cell: (e: LifeEvent) => <div><Named of={e.person} />{e.person.number && <span className={tableClass.sub}>{e.person.number}</span>}</div> }] : []),
    { id: "when", header: "When", cell: (e) => <When of={e} /> },
    { id: "by", header: "Said by", cell: (e) => <div>{saidBy(e, names)}<Stands of={e} names={names} /></div> },
  ];
}

function Stands({ of: e, names }: { of: LifeEvent; names: Record<string, string> }) {
  if (e.state === "cancelled") return <span className={tableClass.sub}>cancelled{e.ended_by && ` by ${names[e.ended_by] ?? "the operator of the node"}`}</span>;
  if (e.in_force) return <span className={tableClass.sub}>counts above sources still</span>;
  return null;
}

export function EventTable({ name, list, page, person = true, ...rest }: EventTableProps) {
  return <Table name={name} columns={columns(page?.names ?? {}, person)} rows={page?.items ?? undefined} rowKey={(e) => e.key} list={list} next={page?.next} {...rest} />;
}
