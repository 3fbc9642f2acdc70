import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import type { ItemOf, QueryOf } from "../../client/types";
import { dueWords, everyWords, windowWords, type Plan } from "./words";

export type Due = ItemOf<"list-rotations">;
export type Schedule = ItemOf<"list-rotation-schedules">;

// Dated is a secret with a day: by its schedule, or once.
export interface Dated extends Plan {
  named: { name: string };
  why: string;
}

// useRotations are secrets that are due, asked for again while one of them may end by itself.
export function useRotations(query: QueryOf<"list-rotations"> = {}) {
  return useQuery({
    queryKey: ["rotations", "due", query], placeholderData: keepPreviousData, queryFn: () => ask(api.GET("/v1/rotations", { params: { query } })),
    refetchInterval: (q) => ((q.state.data?.items ?? []).some((d) => d.state === "due" || d.state === "failing") ? 3000 : 30_000),
  });
}

export function useSchedules(secret?: string) {
  return useQuery({ queryKey: ["rotations", "schedules", secret ?? ""], queryFn: () => ask(api.GET("/v1/rotations/schedules", { params: { query: { secret } } })) });
}

// dated are all secrets that have a day.
export function dated(plans: Schedule[], due: Due[]): Dated[] {
  const once = due.filter((d) => d.state === "planned").map((d) => ({ secret: d.secret, named: d.named, next: d.next, every_hours: 0, from: 0, until: 0, why: `once: ${dueWords(d.cause)}` }));
  return [...once, ...plans.map((p) => ({ ...p, why: `${everyWords(p.every_hours)}, ${windowWords(p.from, p.until)}` }))];
}
