import { Button } from "@mantine/core";
import { IconClockHour4 } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import { Failed } from "../../shell/Answer";
import { Bones } from "../../ui/Bones";
import { Mark } from "../../ui/Mark";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import { Named } from "../access/Named";
import { actorName } from "../access/words";
import { isOpen } from "./vault";
import css from "./vault.module.css";
import { outWords, thing } from "./words";

// Had is who had a secret out before, why, and how each ended. What is open now tells when
// another has.
export function Had({ of, open }: { of: string; open: string }) {
  const found = useInfiniteQuery({
    queryKey: ["vault", "had", of, open], placeholderData: keepPreviousData, initialPageParam: "",
    queryFn: ({ pageParam }) => ask(api.GET("/v1/checkouts", { params: { query: { secret: of, all: true, limit: 10, cursor: pageParam || undefined } } })),
    getNextPageParam: (page) => page.next || undefined,
  });
  const items = (found.data?.pages ?? []).flatMap((p) => (p.items ?? []).filter((c) => !isOpen(c.state)).map((c) => ({ ...c, names: p.names })));
  return (
    <Panel title="Who had it before" flush>
      {found.error ? <Failed error={found.error} onRetry={() => void found.refetch()} /> : !found.data ? <Bones lines={2} />
        : items.length === 0 ? <p className={css.none}>Nobody did.</p> : (
          <Rows items={items.map((c) => ({
            key: c.id, start: <IconClockHour4 size={18} stroke={1.6} aria-hidden />, title: <Named of={thing(c.identity, c.names)} />,
            note: <>{c.reason ? `“${c.reason}”` : "no reason given"}{c.ticket && `, ${c.ticket}`}, <Time at={c.started ?? c.asked} />{c.state === "forced" && <>; by {actorName(c.ended_by ?? "", c.names[c.ended_by ?? ""] ? { name: c.names[c.ended_by ?? ""]! } : undefined)}{c.end_reason && `: “${c.end_reason}”`}</>}</>,
            end: <><Mark tone={outWords(c.state).tone} bare>{outWords(c.state).label}</Mark> {c.ended && <span className="quiet"><Time at={c.ended} /></span>}</>,
          }))}
          />
        )}
      {found.hasNextPage && <p className={css.none}><Button variant="default" size="xs" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>Show those before</Button></p>}
    </Panel>
  );
}
