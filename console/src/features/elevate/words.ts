import type { Tone } from "../../ui/tone";

// lasting says how long something is, as somebody would say it.
export function lasting(minutes: number): string {
  if (minutes % 1440 === 0) return plural(minutes / 1440, "day");
  if (minutes % 60 === 0) return plural(minutes / 60, "hour");
  return minutes > 60 ? `${plural(Math.floor(minutes / 60), "hour")} ${plural(minutes % 60, "minute")}` : plural(minutes, "minute");
}

function plural(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? "" : "s"}`;
}

// minutesOf is a duration as the API has it: nanoseconds.
export function minutesOf(nanoseconds: number): number {
  return Math.round(nanoseconds / 60_000_000_000);
}

// left is what a running clock shows until an end.
export function left(until: string, now: number): string {
  const seconds = Math.max(0, Math.ceil((Date.parse(until) - now) / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

// choices are how long something may last that lasts so many minutes at most.
export function choices(most: number): number[] {
  const usual = [5, 15, 30, 60, 120, 240, 480, 1440, 10_080].filter((m) => m < most);
  return [...usual, most];
}

export interface StateWords {
  label: string;
  tone: Tone;
}

const states: Record<string, StateWords> = {
  waiting: { label: "Waits for approval", tone: "mild" },
  scheduled: { label: "Starts later", tone: "calm" },
  starting: { label: "Is being put on", tone: "calm" },
  active: { label: "Active", tone: "good" },
  ending: { label: "Is being taken off", tone: "mild" },
  ended: { label: "Ended", tone: "none" },
  refused: { label: "Refused", tone: "warn" },
  failed: { label: "Failed", tone: "bad" },
};

export function stateWords(state: string): StateWords {
  return states[state] ?? { label: state, tone: "none" };
}

// isOpen tells what has not come to its end.
export function isOpen(state: string): boolean {
  return ["waiting", "scheduled", "starting", "active", "ending"].includes(state);
}

interface Stage {
  quorum: number;
  distinct?: boolean;
  approvers: { function?: string; owner?: boolean; identity?: string }[] | null;
}

interface Terms {
  reason?: boolean;
  ticket?: boolean;
  mfa?: boolean;
  most?: number;
  stages?: Stage[] | null;
}

const functions: Record<string, string> = { iam: "identity and access management", platform_owner: "a platform owner", security_operations: "security operations" };

// agreeing says whose word a stage takes.
export function agreeing(s: Stage, called: (id: string) => string = () => "somebody named"): string {
  const who = (s.approvers ?? []).map((a) => (a.owner ? "its owner" : a.identity ? called(a.identity) : functions[a.function ?? ""] ?? a.function));
  return `${s.quorum === 1 ? "a yes" : `${s.quorum} yeses`} from ${who.join(" or ")}${s.distinct ? ", each from another of these" : ""}`;
}

// asks says what terms ask for, in one line.
export function asks(t: Terms): string {
  const list = [t.reason && "a reason", t.ticket && "a ticket", t.mfa && "a second factor"].filter(Boolean) as string[];
  for (const s of t.stages ?? []) list.push(agreeing(s));
  return list.length === 0 ? "nothing more" : list.join(", ");
}
