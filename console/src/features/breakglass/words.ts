import type { Tone } from "../../ui/tone";
import type { Kit, Opening } from "./breakglass";

const states: Record<string, { label: string; tone: Tone }> = {
  ready: { label: "Ready", tone: "good" },
  forming: { label: "Shares wait to be picked up", tone: "mild" },
  stale: { label: "Stale", tone: "warn" },
  used: { label: "Was opened", tone: "bad" },
  retired: { label: "Retired", tone: "none" },
};

export function stateWords(state: string): { label: string; tone: Tone } {
  return states[state] ?? { label: state, tone: "none" };
}

const whys: Record<string, string> = {
  aged: "it is older than it is good for",
  rotated: "a secret in it has another value by now",
  gone: "a secret in it is deleted",
  holders: "too many of its holders have left",
  drill: "something in it did not sign in, in a drill",
};

// staleWords says why a kit cannot be relied on.
export function staleWords(why: readonly string[] | null | undefined): string {
  return (why ?? []).map((w) => whys[w] ?? w).join(", and ");
}

const tokensOf = (k: Pick<Kit, "holders">) => (k.holders ?? []).filter((h) => h.token).length;
export const sharesOf = (k: Pick<Kit, "holders">) => (k.holders ?? []).filter((h) => !h.token);

// sealWords says what opens a kit.
export function sealWords(k: Pick<Kit, "holders" | "threshold">): string {
  const shares = `${k.threshold} of ${sharesOf(k).length} shares`;
  const tokens = tokensOf(k);
  return tokens === 0 ? shares : `${shares}, or ${tokens === 1 ? "a hardware token" : `one of ${tokens} hardware tokens`} alone`;
}

// drillWords says what came of the last drill of a kit's newest edition.
export function drillWords(k: Pick<Kit, "drilled" | "drill_failed">): { label: string; tone: Tone } {
  if (!k.drilled) return { label: "Not tried yet", tone: "none" };
  return k.drill_failed ? { label: "Something did not sign in", tone: "bad" } : { label: "All of it signed in", tone: "good" };
}

// over reports whether a kit is not to be used any more.
export const over = (k: Pick<Kit, "state">) => k.state === "used" || k.state === "retired";

// late reports whether a drill of a kit should have been held.
export const late = (k: Pick<Kit, "state" | "drill_due">, now: number) => !over(k) && Date.parse(k.drill_due) < now;

// fileName is what an edition of a kit is called as a file.
export function fileName(k: Pick<Kit, "name" | "edition">): string {
  return `${k.name.replaceAll(/[^\p{L}\p{N}._-]+/gu, "-")}-${k.edition}.kit`;
}

// openingWords says how an opening stands.
export function openingWords(b: Pick<Opening, "drill" | "closed" | "verdict" | "tried">): { label: string; tone: Tone } {
  if (b.drill) {
    if (!b.closed) return { label: "A drill without an end", tone: "warn" };
    return (b.tried ?? []).every((t) => t.opens) ? { label: "A drill: all signed in", tone: "good" } : { label: "A drill that failed", tone: "bad" };
  }
  if (!b.verdict) return { label: "Its review waits", tone: "bad" };
  return b.verdict === "approved" ? { label: "Reviewed", tone: "good" } : { label: "Reviewed: it was wrong", tone: "bad" };
}

const codes: Record<string, string> = {
  unreachable: "the system did not answer",
};

// triedWords says why a secret did not sign in.
export function triedWords(code: string | undefined): string {
  return code ? codes[code] ?? code.replaceAll("-", " ") : "the system did not take it";
}

// listed is names as somebody would say them.
export function listed(names: string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names[names.length - 1] ?? ""}`;
}
