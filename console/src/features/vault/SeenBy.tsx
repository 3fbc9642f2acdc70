import { IconEyeOff } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, ask } from "../../client/client";
import type { ItemOf } from "../../client/types";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Mark } from "../../ui/Mark";
import { Table, tableClass, type Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { useList } from "../../ui/useList";
import { versionWords } from "./words";

type Line = ItemOf<"list-seen-by">;

// SeenBy are the values that somebody ever knew, and which of them are good still: what is
// changed once they leave.
export function SeenBy({ id }: { id: string }) {
  const list = useList();
  const found = useQuery({
    queryKey: ["vault", "seen by", id, list.cursor], placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET("/v1/identities/{id}/secrets-seen", { params: { path: { id }, query: { cursor: list.cursor } } })),
  });
  const names = found.data?.names ?? {};
  const columns: Column<Line>[] = [
    { id: "secret", header: "Secret", cell: (s) => <Link to="/secrets/$id" params={{ id: s.secret }} className={tableClass.main}>{names[s.secret] ?? s.secret}</Link> },
    { id: "how", header: "How", cell: (s) => (s.how === "wrote" ? "gave the value" : s.checkout ? "looked at it while it was out" : "looked at it") },
    { id: "at", header: "When", tight: true, cell: (s) => <Time at={s.at} /> },
    { id: "version", header: "That value now", tight: true, cell: (s) => <Mark tone={s.state === "current" || s.state === "pending" ? "warn" : "none"} bare>{s.state === "current" ? "Still good" : versionWords(s.state).label}</Mark> },
  ];
  return (
    <Table
      name="Secrets seen" columns={columns} rows={found.data?.items ?? undefined} rowKey={(s) => `${s.version} ${s.at} ${s.how}`} list={list} next={found.data?.next} stale={found.isPlaceholderData}
      failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />}
      empty={<Blank sign={IconEyeOff} title="No secret was ever seen" text="Of those that you may know of. What is seen is changed when somebody leaves." />}
    />
  );
}
