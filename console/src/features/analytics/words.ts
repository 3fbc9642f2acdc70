import type { ItemOf } from "../../client/types";
import type { Tone } from "../../ui/tone";

export type Outlier = ItemOf<"list-outliers">;
export type Use = Outlier["use"];
export type Counts = Pick<ItemOf<"list-unused-access">, "grants" | "used" | "unused" | "never" | "recent" | "unknown">;

export const useNames: Record<Use, string> = { used: "Used", unused: "Not used", recent: "New", unknown: "Not known" };
export const useTones: Record<Use, Tone> = { used: "good", unused: "warn", recent: "calm", unknown: "none" };
export const useMeans: Record<Use, string> = {
  used: "in the period", unused: "known not to have been used in the whole period",
  recent: "never used, and not there for the whole period", unknown: "its system does not say; it counts as neither used nor unused",
};

export const periods = [30, 90, 180, 365].map((days) => ({ value: String(days), label: days === 365 ? "A year" : `${days} days` }));

export const usualDays = 90;

// knownOf is of how many grants it is known how they are used.
export function knownOf(c: Counts): number {
  return c.grants - c.unknown;
}

// heldBy says how many of the peers have it, as people say it.
export function heldBy(o: Pick<Outlier, "having" | "peers">): string {
  return `${o.having === 0 ? "none" : o.having.toLocaleString("en-GB")} of ${o.peers.toLocaleString("en-GB")}`;
}

// groupText is what a peer group is alike in.
export function groupText(group: { value: string }[] | null | undefined): string {
  return (group ?? []).map((t) => t.value).filter((v) => v !== "").join(", ") || "everybody";
}

export interface Misplaced {
  line: number;
  column: number;
  what: string;
}

// misplaced finds in an error what it says of which place of a text: "line:column: what",
// and more of the same behind semicolons.
export function misplaced(message: string): Misplaced[] {
  const starts = [...message.matchAll(/(?:^|[\s:])(\d+):(\d+): /g)];
  return starts.map((m, i) => ({
    line: Number(m[1]), column: Number(m[2]),
    what: message.slice(m.index + m[0].length, starts[i + 1]?.index ?? message.length).replace(/[;.\s]+$/, ""),
  }));
}

export interface Point {
  at: string;
  unit: string;
  kept: number;
  weight: number;
}

export interface Course {
  unit: string;
  kept: number[];
  now: number;
}

// coursesOf is how much was kept in each unit, time by time; where most is kept now, first.
export function coursesOf(points: Point[]): Course[] {
  const times = timesOf(points);
  const units = [...new Set(points.map((p) => p.unit))];
  const at = new Map(points.map((p) => [`${p.at} ${p.unit}`, p.kept]));
  return units.map((unit) => {
    const kept = times.map((t) => at.get(`${t} ${unit}`) ?? 0);
    return { unit, kept, now: kept[kept.length - 1] ?? 0 };
  }).sort((a, b) => b.now - a.now || a.unit.localeCompare(b.unit));
}

export function timesOf(points: Point[]): string[] {
  return [...new Set(points.map((p) => p.at))].sort();
}

// sumAt is how much was kept at a time in all units.
export function sumAt(points: Point[], at: string, of: "kept" | "weight"): number {
  return points.filter((p) => p.at === at).reduce((n, p) => n + p[of], 0);
}
