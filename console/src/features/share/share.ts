import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import type { operations } from "../../api/schema";
import type { AnswerOf, ItemOf, QueryOf } from "../../client/types";
import type { Tone } from "../../ui/tone";

export type Share = ItemOf<"list-shares">;
export type Made = operations["share-secret"]["responses"][201]["content"]["application/json"];
export type Opened = AnswerOf<"open-share">;

// useShares are shares, asked for again while one of them is under way.
export function useShares(query: QueryOf<"list-shares">) {
  return useQuery({
    queryKey: ["vault", "shares", query], placeholderData: keepPreviousData, queryFn: () => ask(api.GET("/v1/shares", { params: { query } })),
    refetchInterval: (q) => ((q.state.data?.items ?? []).some((x) => isLive(x.state)) ? 5000 : 30_000),
  });
}

export function isLive(state: string): boolean {
  return state === "waiting" || state === "open";
}

const states: Record<string, { label: string; tone: Tone }> = {
  waiting: { label: "Waits for approval", tone: "mild" },
  open: { label: "Not opened yet", tone: "calm" },
  opened: { label: "Opened", tone: "good" },
  expired: { label: "Never opened", tone: "none" },
  refused: { label: "Refused", tone: "warn" },
  withdrawn: { label: "Withdrawn", tone: "none" },
  blocked: { label: "Blocked by wrong codes", tone: "bad" },
};

export function stateWords(state: string): { label: string; tone: Tone } {
  return states[state] ?? { label: state, tone: "none" };
}
