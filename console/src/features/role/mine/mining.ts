import { useQuery } from "@tanstack/react-query";
import { api, ask } from "../../../client/client";
import type { AnswerOf, ItemOf } from "../../../client/types";
import type { Tone } from "../../../ui/tone";

export type Run = ItemOf<"list-role-mining">;
export type Line = ItemOf<"list-role-candidates">;
export type Candidate = AnswerOf<"show-role-candidate">;
export type Picture = AnswerOf<"draw-role-candidate">;
export type Drawn = NonNullable<Picture["gives"]>[number];

export const trail = [{ label: "Roles", to: "/roles" }];
export const runTrail = [...trail, { label: "Mining workbench", to: "/roles/mining" }];

export const stateNames: Record<string, string> = { waiting: "Waiting", running: "Running", done: "Done", failed: "Failed", cancelled: "Stopped", interrupted: "Interrupted" };
export const stateTones: Record<string, Tone> = { waiting: "none", running: "calm", done: "good", failed: "bad", cancelled: "none", interrupted: "warn" };

export const candidateNames: Record<string, string> = { open: "To decide", adopted: "Adopted", rejected: "Rejected", there: "There already" };
export const candidateTones: Record<string, Tone> = { open: "calm", adopted: "good", rejected: "none", there: "good" };

// phases are what a run goes through, in order, as they are told.
export const phases: [string, string][] = [
  ["reading", "Reading who holds what"], ["reducing", "Leaving out what follows from the rest"], ["numbering", "Looking for the fewest roles"],
  ["polishing", "Making them simpler"], ["preferring", "Preferring what attributes explain"], ["verifying", "Checking that nobody gains or loses"],
  ["describing", "Describing them"], ["stability", "Mining again, slightly changed"],
];

export function going(state: string): boolean {
  return state === "waiting" || state === "running";
}

// useRuns are the last runs, looked at again while one goes on.
export function useRuns() {
  return useQuery({
    queryKey: ["mining"], queryFn: () => ask(api.GET("/v1/role-mining")),
    refetchInterval: (q) => ((q.state.data?.items ?? []).some((r) => going(r.state)) ? 1500 : false),
  });
}

export function useRun(id: string) {
  return useQuery({
    queryKey: ["mining", id], queryFn: () => ask(api.GET("/v1/role-mining/{id}", { params: { path: { id } } })),
    refetchInterval: (q) => (q.state.data && going(q.state.data.state) ? 700 : false),
  });
}

export const candidateKey = (id: string, place: number) => ["mining", id, "candidate", place];

export function useCandidate(id: string, place: number) {
  return useQuery({ queryKey: candidateKey(id, place), queryFn: () => ask(api.GET("/v1/role-mining/{id}/candidates/{place}", { params: { path: { id, place } } })) });
}

export function percent(part: number): string {
  const n = 100 * part;
  if (n > 0 && n < 1) return "under 1 %";
  return n > 99 && n < 100 ? "over 99 %" : `${Math.round(n)} %`;
}

// ruleText says a rule as people do: "92 % of whoever is unit Treasury and site Zürich".
export function ruleText(of: NonNullable<Line["rule"]>): string {
  const all = (of.conditions ?? []).map((c) => `${c.attribute} ${c.value}`);
  return `${percent(of.precision)} of ${all.join(", ")}`;
}

// titleOf is what a candidate is called: as its rule says, or else by what it gives.
export function titleOf(of: Pick<Line, "name" | "rule" | "first" | "permissions" | "hidden">): string {
  if (of.hidden) return "A candidate that you see in part";
  if (of.rule?.explains) return of.name;
  const first = (of.first ?? []).map((f) => f.name);
  const rest = of.permissions - first.length;
  return rest > 0 ? `${first.join(", ")} and ${rest.toLocaleString("en-GB")} more` : first.join(", ");
}

// explainedBy says the rule of a candidate, or how near the best one comes.
export function explainedBy(rule: Line["rule"]): string {
  if (rule?.explains) return ruleText(rule);
  return rule && rule.precision >= 0.5 && rule.recall >= 0.5 ? `no rule explains it; nearest: ${ruleText(rule)}` : "no rule explains it";
}

// sizeText says what was mined.
export function sizeText(of: Run): string {
  if (of.of === 1) return (of.systems ?? [])[0]?.name ?? "1 system";
  return `${of.of} systems`;
}

// numberText says how good the number of roles is.
export function numberText(of: NonNullable<Run["totals"]>): string {
  if (of.missing + of.extra > 0) return `${of.missing} assignments missing, ${of.extra} too many`;
  return of.proven ? "proven: no set of roles has fewer" : `no set has fewer than ${of.lower_bound.toLocaleString("en-GB")}`;
}
