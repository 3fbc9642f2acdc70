import { useQuery } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import type { AnswerOf, QueryOf } from "../../client/types";
import { controls } from "../access/words";
import { none, type Counts } from "./sum";

export type Trend = AnswerOf<"show-coverage-trend">;

// useTrend asks how coverage and standing privilege developed in a quarter of a year.
export function useTrend(query: QueryOf<"show-coverage-trend"> = {}) {
  return useQuery({
    queryKey: ["coverage", "trend", query], placeholderData: (before: Trend | undefined) => before,
    queryFn: () => ask(api.GET("/v1/coverage/trend", { params: { query: { days: 90, ...query } } })),
  });
}

export interface Course {
  control: string;
  shares: number[]; // of what was required, on each day that it was
  now: Counts;
}

// coursesOf is how each control that something requires developed.
export function coursesOf(points: readonly (Counts & { control: string })[]): Course[] {
  return controls.map((control) => {
    const own = points.filter((p) => p.control === control && p.required > 0);
    return { control, shares: own.map((p) => p.in_place / p.required), now: own[own.length - 1] ?? none };
  }).filter((c) => c.shares.length > 0);
}

// moved is by how many points a share moved since the first day; one day says nothing.
export function moved(shares: number[]): number | undefined {
  return shares.length < 2 ? undefined : Math.round(100 * (shares[shares.length - 1]! - shares[0]!));
}
