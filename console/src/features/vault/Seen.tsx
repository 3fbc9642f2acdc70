import { Button } from "@mantine/core";
import { IconEye, IconPencil } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import { Failed } from "../../shell/Answer";
import { Bones } from "../../ui/Bones";
import { Mark } from "../../ui/Mark";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import { Named } from "../access/Named";
import css from "./vault.module.css";
import { thing, versionWords } from "./words";

// Seen is everybody who ever knew a value of a secret, and which of them is still good.
export function Seen({ of, version }: { of: string; version?: number }) {
  const found = useInfiniteQuery({
    queryKey: ["vault", "seen", of, version], placeholderData: keepPreviousData, initialPageParam: "",
    queryFn: ({ pageParam }) => ask(api.GET("/v1/secrets/{id}/seen", { params: { path: { id: of }, query: { limit: 25, cursor: pageParam || undefined } } })),
    getNextPageParam: (page) => page.next || undefined,
  });
  const pages = found.data?.pages ?? [];
  const items = pages.flatMap((p) => (p.items ?? []).map((s) => ({ ...s, name: thing(s.by ?? s.share ?? "", s.share ? { [s.share]: `${s.outsider ?? "Somebody"}, outside` } : p.names) })));
  const knows = new Set(items.filter((s) => s.state === "current" || s.state === "pending").map((s) => s.by ?? s.share)).size;
  return (
    <Panel title="Who has seen it" note={items.length > 0 && (knows === 0 ? "Nobody knows the value that it has now" : `${knows} of them ${knows === 1 ? "knows" : "know"} the value that it has now`)} flush>
      {found.error ? <Failed error={found.error} onRetry={() => void found.refetch()} /> : !found.data ? <Bones lines={2} />
        : items.length === 0 ? <p className={css.none}>Nobody ever has.</p> : (
          <Rows items={items.map((s) => ({
            key: `${s.version} ${s.by ?? s.share ?? ""} ${s.at} ${s.how}`, start: s.how === "wrote" ? <IconPencil size={18} stroke={1.6} aria-hidden /> : <IconEye size={18} stroke={1.6} aria-hidden />,
            title: <Named of={s.name} />, note: <>{s.share ? "opened a link that was given to them" : s.how === "wrote" ? "gave the value, and so knows it" : s.checkout ? "looked at it while it was out" : "looked at it"}, <Time at={s.at} /></>,
            end: <>Version {s.number} <Mark tone={versionWords(s.state).tone} bare>{versionWords(s.state).label}</Mark></>,
          }))}
          />
        )}
      {found.hasNextPage && <p className={css.none}><Button variant="default" size="xs" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>Show those before</Button></p>}
    </Panel>
  );
}
