import type { Tone } from "../../ui/tone";
import { asks, lasting } from "../elevate/words";
import type { Stage, Terms } from "../vault/vault";

export const kinds: Record<string, { label: string; signs: string }> = {
  ssh_user: { label: "SSH users", signs: "Lets people in on hosts" },
  ssh_host: { label: "SSH hosts", signs: "Proves to people which host they reach" },
  x509_client: { label: "X.509 clients", signs: "Lets programs and people in where TLS asks who they are" },
  jwt: { label: "Tokens (JWT)", signs: "Tells another service who calls" },
};

export function kindLabel(kind: string): string {
  return kinds[kind]?.label ?? kind;
}

const keys: Record<string, { label: string; tone: Tone; means: string }> = {
  next: { label: "Next", tone: "calm", means: "published, and signs nothing yet" },
  signing: { label: "Signs", tone: "good", means: "signs what is asked for now" },
  trusted: { label: "Trusted", tone: "mild", means: "signs nothing any more; what it signed is still good" },
  retired: { label: "Retired", tone: "none", means: "nothing that it signed is good" },
};

export function keyWords(state: string): { label: string; tone: Tone; means: string } {
  return keys[state] ?? { label: state, tone: "none", means: "" };
}

export interface Signed {
  state: string;
  ends_at?: string;
}

// certificateWords says what a certificate is good for now: one that was issued is over at its
// end, without anybody saying so.
export function certificateWords(c: Signed, now: number): { label: string; tone: Tone } {
  switch (c.state) {
    case "waiting": return { label: "Waits for approval", tone: "mild" };
    case "agreed": return { label: "Agreed to: have it signed", tone: "good" };
    case "refused": return { label: "Refused", tone: "warn" };
    case "revoked": return { label: "Revoked", tone: "bad" };
    case "issued": return c.ends_at && Date.parse(c.ends_at) <= now ? { label: "Over", tone: "none" } : { label: "Good", tone: "good" };
    default: return { label: c.state, tone: "none" };
  }
}

// span says how long something is that the API has in seconds.
export function span(seconds: number | undefined): string {
  if (!seconds) return "as is usual";
  return seconds % 60 === 0 ? lasting(seconds / 60) : `${seconds} seconds`;
}

interface Asking {
  needs_reason?: boolean;
  needs_ticket?: boolean;
  needs_mfa?: boolean;
  most_seconds?: number;
  stages?: Stage[] | null;
}

// formTerms are the terms of a profile as a form has them.
export function formTerms(p: Asking): Terms {
  return { most_minutes: Math.max(1, Math.round((p.most_seconds ?? 0) / 60)), reason: p.needs_reason, ticket: p.needs_ticket, mfa: p.needs_mfa, stages: p.stages ?? [] };
}

export function apiTerms(t: Terms) {
  return { most_seconds: t.most_minutes * 60, needs_reason: t.reason, needs_ticket: t.ticket, needs_mfa: t.mfa, stages: (t.stages ?? []).map((s) => ({ ...s, approvers: s.approvers ?? [] })) };
}

// asking says what having something signed takes.
export function asking(p: Asking): string {
  return asks({ reason: p.needs_reason, ticket: p.needs_ticket, mfa: p.needs_mfa, stages: p.stages });
}

// fileName is what a certificate is called when it is saved, as its readers expect it.
export function fileName(kind: string): string {
  return kind === "x509_client" ? "certificate.pem" : kind === "jwt" ? "token.jwt" : "id-cert.pub";
}

// lines are what somebody wrote into a field, one each.
export function lines(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}
