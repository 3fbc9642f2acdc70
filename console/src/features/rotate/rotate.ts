import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import type { ItemOf, QueryOf } from "../../client/types";

export type Due = ItemOf<"list-rotations">;
export type Schedule = ItemOf<"list-rotation-schedules">;

// useRotations are secrets that are due, asked for again while one of them may end by itself.
export function useRotations(query: QueryOf<"list-rotations"> = {}) {
  return useQuery({
    queryKey: ["rotations", "due", query], placeholderData: keepPreviousData, queryFn: () => ask(api.GET("/v1/rotations", { params: { query } })),
    refetchInterval: (q) => ((q.state.data?.items ?? []).some((d) => d.state !== "waiting") ? 3000 : 30_000),
  });
}

export function useSchedules(secret?: string) {
  return useQuery({ queryKey: ["rotations", "schedules", secret ?? ""], queryFn: () => ask(api.GET("/v1/rotations/schedules", { params: { query: { secret } } })) });
}
