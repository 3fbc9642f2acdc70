import { Button } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconCircleCheck } from "@tabler/icons-react";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "../../client/client";
import type { AnswerOf, ItemOf } from "../../client/types";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Bones } from "../../ui/Bones";
import { count, Figures } from "../../ui/Figures";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import { Tier } from "../access/marks";
import { Compare } from "./Compare";
import { Decide } from "./Decide";
import css from "./dispute.module.css";

export type Item = ItemOf<"list-disputes">;

const together = 50;

// Disputes goes through the accounts that no rule is sure of, the most dangerous first:
// one at a time, with whose each may be side by side.
export function Disputes() {
  const { account } = useSearch({ strict: false }) as { account?: string };
  const go = useNavigate();
  const queries = useQueryClient();
  const [told, setTold] = useState("");
  const queue = useInfiniteQuery({
    queryKey: ["disputes"],
    queryFn: ({ pageParam }) => ask(api.GET("/v1/disputes", { params: { query: { limit: together, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined, getNextPageParam: (last: AnswerOf<"list-disputes">) => last.next,
  });
  const items = queue.data?.pages.flatMap((p) => p.items ?? []) ?? [];
  const total = queue.data?.pages[0]?.total ?? 0;
  const at = Math.max(0, items.findIndex((d) => d.account.id === account));
  const item = items[at];
  const show = (i: number) => {
    const to = items[i];
    if (to) void go({ to: ".", search: { account: to.account.id } as never, resetScroll: false });
    if (i >= items.length - 1 && queue.hasNextPage) void queue.fetchNextPage();
  };
  useHotkeys([["j", () => show(at + 1)], ["k", () => show(at - 1)]]);
  const decided = async (words: string) => {
    setTold(words);
    const next = items[at + 1] ?? items[at - 1];
    await queries.invalidateQueries({ queryKey: ["disputes"] });
    await go({ to: ".", search: (next ? { account: next.account.id } : {}) as never, replace: true, resetScroll: false });
    document.getElementById("title")?.focus({ preventScroll: true });
  };
  return (
    <Page title="Whose are these accounts?" lead="No rule is sure of these, and a wrong link is worse than a question. What you decide stays: rules never override it.">
      <p role="status" className={told ? undefined : "out-of-view"}>{told}</p>
      {queue.error ? <Panel><Failed error={queue.error} onRetry={() => void queue.refetch()} /></Panel>
        : queue.isPending ? <Panel><Bones lines={8} /></Panel>
          : !item ? <Panel><Blank sign={IconCircleCheck} title="No account is disputed" text="The rules know whose every account is, or that it is nobody’s. New ones come with the next sync." /></Panel>
            : (
              <>
                <Figures items={[
                  { value: count(total), label: total === 1 ? "account waits for a decision" : "accounts wait for a decision", note: `this is ${count(at + 1)} of ${count(total)}` },
                  { value: item.login, label: `in ${item.system}`, note: <>disputed since <Time at={item.since} absolute /></> },
                  { value: typeof item.worst_tier === "number" ? <Tier of={item.worst_tier} /> : "–", label: "the worst that it reaches", note: item.usage_known ? <>last used <Time at={item.last_used} /></> : "nothing is known of its use" },
                ]}
                />
                <Shown key={item.account.id} of={item} onDecided={(words) => void decided(words)} />
                <div className={css.foot}>
                  <Button variant="default" disabled={at === 0} onClick={() => show(at - 1)}>Previous</Button>
                  <Button variant="default" disabled={at >= items.length - 1} onClick={() => show(at + 1)}>Leave it for now</Button>
                  <span className={css.keys}><span><kbd>1</kbd>–<kbd>9</kbd> choose</span><span><kbd>0</kbd> nobody</span><span><kbd>j</kbd> <kbd>k</kbd> next, previous</span><span><kbd>Ctrl</kbd> <kbd>Enter</kbd> decide</span></span>
                </div>
              </>
            )}
    </Page>
  );
}

// Shown is one disputed account: the evidence, and the decision.
function Shown({ of, onDecided }: { of: Item; onDecided: (words: string) => void }) {
  const [chosen, setChosen] = useState("");
  const contenders = of.contenders ?? [];
  const choose = (id: string | undefined) => {
    if (id === undefined) return;
    setChosen(id);
    document.getElementById("reason")?.focus();
  };
  useHotkeys([["0", () => choose("nobody")], ...contenders.slice(0, 9).map((c, i): [string, () => void] => [String(i + 1), () => choose(c.identity.id)])]);
  return (
    <Panel title="Whose is it?" note={`rule ${of.rule}: ${of.evidence}`}>
      <Compare of={of} chosen={chosen} onChoose={setChosen} />
      <Decide of={of} chosen={chosen} onChoose={setChosen} onDecided={onDecided} />
    </Panel>
  );
}
