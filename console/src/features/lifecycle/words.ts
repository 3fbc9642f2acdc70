import type { AnswerOf, ItemOf } from "../../client/types";
import type { Tone } from "../../ui/tone";
import { sourceText, type Source } from "../access/source";

export type Birthright = ItemOf<"list-birthrights">;
export type Choice = NonNullable<Birthright["choices"]>[number];
export type Mapping = ItemOf<"list-mappings">;

export const modeTones: Record<string, Tone> = { enforce: "good", warn: "mild", observe: "calm" };
export const modeWords: Record<string, string> = { enforce: "Enforced: it gives", warn: "Warns: it gives nothing", observe: "Observes: it gives nothing" };

export const recipients = [
  { value: "manager", label: "The manager" }, { value: "sponsor", label: "The sponsor" }, { value: "owner", label: "The owner" },
];

// linesOf are the expressions that were typed, one a line.
export function linesOf(text: string): string[] {
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
}

// daysFrom is a date some days after another, as a field for dates holds it.
export function daysFrom(start: Date, days: number): string {
  const at = new Date(start);
  at.setDate(at.getDate() + days);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}

export type LifeEvent = ItemOf<"list-lifecycle-events">;
export type Outcome = AnswerOf<"try-lifecycle-event">;

// The kinds of event in the order of a life.
export const eventNames: Record<string, string> = {
  hire: "Hire", move: "Move", leave: "Leave of absence", suspend: "Suspension", return: "Return", convert: "Conversion",
  contract_end: "End of contract", terminate: "Termination", rehire: "Rehire",
};

// What a person can order, as an action.
export const orderNames = {
  terminate: "Terminate", leave: "Send on leave of absence", suspend: "Suspend", return: "Let return", hire: "Hire", rehire: "Rehire",
} as const;

export type OrderKind = keyof typeof orderNames;

export const eventTones: Record<string, Tone> = {
  hire: "good", rehire: "good", return: "good", move: "calm", convert: "odd", leave: "mild", suspend: "warn", contract_end: "warn", terminate: "bad",
};

// ordersFor are the kinds that say something new of whoever is in a state, the likeliest first.
export function ordersFor(state: string): OrderKind[] {
  switch (state) {
    case "terminated": return ["rehire"];
    case "pre_hire": case "staged": return ["hire", "terminate"];
    case "suspended": case "leave_of_absence": return ["return", "terminate", "leave", "suspend"];
    default: return ["terminate", "leave", "suspend"];
  }
}

// clockTime is a local time as it was ordered, in words.
export function clockTime(local: string): string {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(local)) return local;
  const at = new Date(`${local}:00Z`);
  return new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZone: "UTC" }).format(at);
}

// zones are the time zones that this browser knows, its own first.
export function zones(): { own: string; all: string[] } {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  return { own, all: [...new Set([own, "UTC", ...Intl.supportedValuesOf("timeZone")])] };
}

const attributeNames: Record<string, string> = { contract_end: "Contract until", organisation: "Organisation", unit: "Unit", title: "Title", manager: "Manager", employer: "Employer", state: "State", sponsor: "Sponsor" };

export function attributeName(name: string): string {
  return attributeNames[name] ?? name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");
}

// sourceOf is where a choice takes a parameter from.
export function sourceOf(c: Choice, parameter: string): Source {
  const value = c.with?.[parameter];
  return value !== undefined ? { value } : { from: c.from?.[parameter] };
}

// withSource is the choice that takes a parameter from elsewhere.
export function withSource(c: Choice, parameter: string, s: Source): Choice {
  const without = (of: Record<string, string> | undefined) => Object.fromEntries(Object.entries(of ?? {}).filter(([name]) => name !== parameter));
  return {
    role: c.role,
    with: s.value !== undefined ? { ...c.with, [parameter]: s.value } : without(c.with),
    from: s.from !== undefined ? { ...c.from, [parameter]: s.from } : without(c.from),
  };
}

// choiceText says where a choice takes its parameters from.
export function choiceText(c: Choice): string {
  const names = [...new Set([...Object.keys(c.with ?? {}), ...Object.keys(c.from ?? {})])].sort();
  return names.length === 0 ? sourceText({}) : names.map((name) => `${name} ${sourceText(sourceOf(c, name))}`).join(", ");
}

// happenings are what happens in people's lives, in the order of a life.
export const happenings = [
  { kind: "hire", words: "hired" }, { kind: "rehire", words: "back again" }, { kind: "return", words: "back at work" }, { kind: "move", words: "moved" },
  { kind: "convert", words: "another kind of contract" }, { kind: "leave", words: "on leave" }, { kind: "suspend", words: "suspended" }, { kind: "contract_end", words: "contract over" }, { kind: "terminate", words: "left" },
] as const;

const operations: [string, string, string][] = [
  ["disable_account", "account disabled", "accounts disabled"], ["end_sessions", "session ended", "sessions ended"], ["revoke", "grant taken", "grants taken"],
  ["create_account", "account made", "accounts made"], ["enable_account", "account enabled", "accounts enabled"], ["update_account", "account updated", "accounts updated"],
  ["grant", "grant given", "grants given"], ["delete_account", "account deleted", "accounts deleted"],
];

// operationWords says what would be done, in the order in which it is.
export function operationWords(n: Record<string, number>): string {
  return operations.filter(([kind]) => (n[kind] ?? 0) > 0).map(([kind, one, many]) => `${(n[kind] ?? 0).toLocaleString("en-GB")} ${n[kind] === 1 ? one : many}`).join(", ") || "–";
}

export function percent(share: number): string {
  return `${(100 * share).toLocaleString("en-GB", { maximumFractionDigits: 2 })} %`;
}
