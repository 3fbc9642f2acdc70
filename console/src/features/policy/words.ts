import { actorName } from "../access/words";
import type { Tone } from "../../ui/tone";
import type { Line, Writer } from "./policy";

export type State = "in_force" | "draft" | "retired";

// stateOf is what a document is now.
export function stateOf(d: Pick<Line, "number" | "in_force">): State {
  return d.in_force ? "in_force" : d.number === 0 ? "draft" : "retired";
}

export const stateNames: Record<State, string> = { in_force: "In force", draft: "Draft", retired: "Retired" };
export const stateTones: Record<State, Tone> = { in_force: "good", draft: "none", retired: "none" };

export const waitNames: Record<string, string> = { written: "A draft waits", retires: "Its end waits" };

export const modeNames: Record<string, string> = { observe: "Observes", warn: "Warns", enforce: "Enforced" };
export const modeTones: Record<string, Tone> = { observe: "calm", warn: "warn", enforce: "good" };
export const effectNames: Record<string, string> = { permit: "Permits", forbid: "Forbids" };

// writerName is who wrote or published: a person, or whoever works on the machine.
export function writerName(by: Writer | undefined): string {
  return by ? actorName(by.id, by.name ? { name: by.name } : null) : "nobody";
}

export function writerNames(by: Writer[] | null | undefined): string {
  return (by ?? []).map(writerName).join(", ");
}

// countsText says how many policies there are, and how many of them count.
export function countsText(d: Pick<Line, "policies" | "enforced" | "in_force">): string {
  const all = d.policies === 1 ? "1 policy" : `${d.policies.toLocaleString("en-GB")} policies`;
  if (!d.in_force) return all;
  return d.enforced === 0 ? `${all}, none enforced` : d.enforced === d.policies ? `${all}, enforced` : `${all}, ${d.enforced.toLocaleString("en-GB")} enforced`;
}
