import type { Tone } from "../../ui/tone";

const causes: Record<string, string> = {
  schedule: "its schedule says so",
  demand: "somebody asked for it",
  checkin: "it came back from a check-out",
  share: "somebody outside has seen it",
  finding: "a finding asks for it",
  doubt: "nobody knows how an attempt ended",
  leaver: "somebody has left who knew it",
  incident: "after an incident",
};

// dueWords says why a secret is due for another value.
export function dueWords(cause: string | undefined): string {
  return causes[cause ?? ""] ?? cause ?? "for a reason that is not known";
}

const states: Record<string, { label: string; tone: Tone; means: string }> = {
  due: { label: "Its turn comes", tone: "calm", means: "it is changed as soon as there is room" },
  failing: { label: "Fails", tone: "warn", means: "it is tried again, ever less often" },
  planned: { label: "Has its day", tone: "mild", means: "until then whoever uses it can be told" },
  waiting: { label: "Waits for a person", tone: "bad", means: "Writ cannot do it alone; it is tried once a day all the same" },
};

export function stateWords(state: string): { label: string; tone: Tone; means: string } {
  return states[state] ?? { label: state, tone: "none", means: "" };
}

const stages: Record<string, { label: string; tone: Tone }> = {
  current: { label: "Uses", tone: "good" },
  due: { label: "Is to be told of", tone: "calm" },
  told: { label: "Told of, and has not confirmed", tone: "mild" },
  failing: { label: "Could not be told of", tone: "warn" },
  late: { label: "Late with", tone: "bad" },
};

// stageWords says how far a consumer has come with a value.
export function stageWords(stage: string): { label: string; tone: Tone } {
  return stages[stage] ?? { label: stage, tone: "none" };
}

interface Placed {
  id: string;
  place: number;
}

// moved are the places that change where one of a list, which is in its order, is told earlier
// or later. Nothing is where it is first, or last.
export function moved(list: Placed[], id: string, by: 1 | -1): Placed[] | undefined {
  const at = list.findIndex((c) => c.id === id);
  const [one, other] = [list[at], list[at + by]];
  if (!one || !other) return undefined;
  if (one.place !== other.place) return [{ id, place: other.place }, { id: other.id, place: one.place }];
  const place = one.place + by;
  if (place < 0) return list.map((c) => ({ id: c.id, place: c.id === id ? 0 : c.place + 1 })).filter((c) => c.id !== id);
  return place > 99 ? undefined : [{ id, place }];
}

export interface Plan {
  secret: string;
  next: string;
  every_hours: number; // none is once
  from: number; // hours of the day by UTC
  until: number;
}

const hour = 3_600_000;
const day = 24 * hour;

// fit is the first moment within the hours of a plan that is not before another one: what
// package rotate does on the server.
export function fit(at: number, from: number, until: number): number {
  if (from === until) return at;
  const long = ((until - from + 24) % 24) * hour;
  const midnight = Math.floor(at / day) * day;
  const opens = midnight + from * hour;
  if (opens > at) return opens - day + long > at ? at : opens;
  return opens + long > at ? at : opens + day;
}

// times are when a plan is due until a moment, if each time ends well.
export function times(p: Plan, until: number): number[] {
  const first = Date.parse(p.next);
  if (p.every_hours <= 0) return first < until ? [first] : [];
  const list: number[] = [];
  for (let at = first; at < until; at = fit(at + p.every_hours * hour, p.from, p.until)) list.push(at);
  return list;
}

// dayOf is the day of a moment where somebody is, as an address names it.
export function dayOf(at: number): string {
  const d = new Date(at);
  return new Date(at - d.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}

// days are the days of so many weeks from the Monday of a day on.
export function days(today: string, weeks: number): string[] {
  const first = new Date(`${today}T12:00:00Z`);
  first.setUTCDate(first.getUTCDate() - ((first.getUTCDay() + 6) % 7));
  return Array.from({ length: 7 * weeks }, (_, i) => new Date(first.getTime() + i * day).toISOString().slice(0, 10));
}

// byDay are which plans are due on which day; one that is due several times a day is there once.
export function byDay<P extends Plan>(plans: P[], until: number): Map<string, P[]> {
  const found = new Map<string, P[]>();
  for (const p of plans) {
    for (const d of new Set(times(p, until).map(dayOf))) found.set(d, [...(found.get(d) ?? []), p]);
  }
  return found;
}

// everyWords says how often.
export function everyWords(hours: number): string {
  if (hours % 24 !== 0) return hours === 1 ? "every hour" : `every ${hours} hours`;
  return hours === 24 ? "every day" : `every ${hours / 24} days`;
}

export function windowWords(from: number, until: number): string {
  const two = (n: number) => `${String(n).padStart(2, "0")}:00`;
  return from === until ? "at any hour" : `between ${two(from)} and ${two(until)} UTC`;
}
