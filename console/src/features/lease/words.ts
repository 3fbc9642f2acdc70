import type { Tone } from "../../ui/tone";
import { asks, lasting, minutesOf } from "../elevate/words";
import type { Stage, Terms } from "../vault/vault";

const states: Record<string, { label: string; tone: Tone }> = {
  waiting: { label: "Waits for approval", tone: "mild" },
  making: { label: "Is being made", tone: "calm" },
  active: { label: "Active", tone: "good" },
  ending: { label: "Is being taken away", tone: "mild" },
  ended: { label: "Gone", tone: "none" },
  refused: { label: "Refused", tone: "warn" },
  failed: { label: "Failed", tone: "bad" },
};

export interface Standing {
  state: string;
  late?: boolean;
  agreed_at?: string;
}

// stateWords says where a lease stands.
export function stateWords(l: Standing): { label: string; tone: Tone } {
  if (l.late) return { label: "Over, and still there", tone: "bad" };
  if (l.state === "waiting" && l.agreed_at) return { label: "Agreed to: take it", tone: "good" };
  return states[l.state] ?? { label: l.state, tone: "none" };
}

const ends: Record<string, string> = {
  time: "its time was over",
  returned: "it was given back",
  forced: "it was taken back",
  "not-eligible": "what permitted it is not so any more",
  "not-made": "it could not be made",
  unanswered: "nobody was there any more to be given it",
  "not-approved": "nobody agreed to it",
  missed: "it was agreed to, and not taken in time",
};

// endWords says why a lease ended.
export function endWords(code: string | undefined): string {
  return ends[code ?? ""] ?? code ?? "";
}

// ApiTerms are terms as templates have them: in nanoseconds.
export interface ApiTerms {
  most?: number;
  reason?: boolean;
  ticket?: boolean;
  mfa?: boolean;
  stages?: { approvers: Stage["approvers"]; quorum: number; within?: number; distinct?: boolean }[] | null;
}

const minute = 60_000_000_000;

// formTerms are the terms of a template as a form has them, and apiTerms the other way round.
export function formTerms(t: ApiTerms): Terms {
  const stages = (t.stages ?? []).map(({ within, ...s }) => ({ ...s, within_minutes: minutesOf(within ?? 0) }));
  return { most_minutes: minutesOf(t.most ?? 0), reason: t.reason, ticket: t.ticket, mfa: t.mfa, stages };
}

export function apiTerms(t: Terms) {
  const stages = (t.stages ?? []).map(({ within_minutes, ...s }) => ({ ...s, within: within_minutes * minute }));
  return { most: t.most_minutes * minute, reason: t.reason, ticket: t.ticket, mfa: t.mfa, stages };
}

// asking says what having an account takes.
export function asking(t: ApiTerms): string {
  return asks(t as Parameters<typeof asks>[0]);
}

// long says how long something is that the API has in nanoseconds.
export function long(nanoseconds: number): string {
  const minutes = minutesOf(nanoseconds);
  return minutes > 0 ? lasting(minutes) : `${Math.round(nanoseconds / 1_000_000_000)} seconds`;
}
