import { IconFileSearch, IconKey, IconPassword } from "@tabler/icons-react";
import type { Tone } from "../../ui/tone";
import type { Candidate } from "./onboard";

const kinds: Record<string, { label: string; sign: typeof IconKey }> = {
  password: { label: "Password", sign: IconPassword },
  ssh_key: { label: "SSH key", sign: IconKey },
  embedded: { label: "Embedded secret", sign: IconFileSearch },
};

export const kindChoices = Object.entries(kinds).map(([value, k]) => ({ value, label: k.label }));

export function kindOf(kind: string): { label: string; sign: typeof IconKey } {
  return kinds[kind] ?? { label: kind, sign: IconKey };
}

const states: Record<string, { label: string; tone: Tone; means: string }> = {
  waiting: { label: "Waits", tone: "none", means: "it has no secret yet" },
  due: { label: "Its turn comes", tone: "calm", means: "it is set as soon as there is room" },
  failing: { label: "Fails", tone: "warn", means: "it is tried again, ever less often" },
  person: { label: "Takes a person", tone: "bad", means: "Writ cannot do it alone" },
  proven: { label: "Taken over", tone: "good", means: "another value was set, and signed in with" },
  refused: { label: "Not taken over", tone: "warn", means: "the account is gone, or its secret is kept by now" },
  released: { label: "Let go of", tone: "none", means: "the account stays as it was" },
};

export function stateWords(state: string): { label: string; tone: Tone; means: string } {
  return states[state] ?? { label: state, tone: "none", means: "" };
}

const order = ["proven", "due", "waiting", "failing", "person", "refused", "released"];

// countWords says how far an onboarding has come.
export function countWords(counts: Record<string, number> | undefined): string {
  const known = order.filter((s) => counts?.[s]).map((s) => `${counts![s]} ${stateWords(s).label.toLowerCase()}`);
  return known.join(", ") || "nothing";
}

export const tierWords = (tier: number) => (tier < 0 ? "none" : `tier ${tier}`);

// capital begins a sentence with what the server says.
export const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

// keyOf tells candidates apart.
export const keyOf = (c: Candidate) => `${c.account ?? c.place ?? ""} ${c.kind}`;

// free are the accounts of what can be taken over.
export function free(list: Candidate[]): string[] {
  return [...new Set(list.filter((c) => !c.not && c.account).map((c) => c.account!))];
}

// found are candidates whose names or reasons have a text in them.
export function found(list: Candidate[], names: Record<string, string>, text: string): Candidate[] {
  const q = text.trim().toLowerCase();
  return q === "" ? list : list.filter((c) => [names[c.account ?? ""], names[c.place ?? ""], names[c.system], ...(c.why ?? [])].join(" ").toLowerCase().includes(q));
}

export interface Counts {
  required: number;
  in_place: number;
}

// covered says how much of a system's privileged access opens with what a safe has.
export function covered(of: Counts | undefined): string {
  if (!of || of.required === 0) return "not measured";
  return `${Math.floor((100 * of.in_place) / of.required)}% in safes`;
}
