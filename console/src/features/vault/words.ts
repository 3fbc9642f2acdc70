import { IconApi, IconBraces, IconCertificate, IconDatabase, IconFile, IconKey, IconPassword } from "@tabler/icons-react";
import type { Tone } from "../../ui/tone";
import type { NamedThing } from "../access/Named";
import { asks } from "../elevate/words";
import type { Terms } from "./vault";

export interface KindWords {
  label: string;
  sign: typeof IconKey;
  drawn?: boolean; // Writ can draw a value
}

export const kinds: Record<string, KindWords> = {
  password: { label: "Password", sign: IconPassword, drawn: true },
  ssh_key: { label: "SSH key", sign: IconKey, drawn: true },
  api_key: { label: "API key", sign: IconApi, drawn: true },
  certificate: { label: "Certificate", sign: IconCertificate },
  database: { label: "Database access", sign: IconDatabase },
  json: { label: "JSON", sign: IconBraces },
  file: { label: "File", sign: IconFile },
};

export function kindOf(kind: string): KindWords {
  return kinds[kind] ?? { label: kind, sign: IconKey };
}

const outs: Record<string, { label: string; tone: Tone }> = {
  waiting: { label: "Waits for approval", tone: "mild" },
  out: { label: "Out", tone: "good" },
  returned: { label: "Given back", tone: "none" },
  expired: { label: "Time was over", tone: "none" },
  refused: { label: "Refused", tone: "warn" },
  forced: { label: "Taken back", tone: "bad" },
  withdrawn: { label: "Withdrawn", tone: "none" },
};

export function outWords(state: string): { label: string; tone: Tone } {
  return outs[state] ?? { label: state, tone: "none" };
}

const versions: Record<string, { label: string; tone: Tone }> = {
  pending: { label: "Pending", tone: "mild" },
  current: { label: "Current", tone: "good" },
  previous: { label: "Before", tone: "none" },
  deleted: { label: "Deleted", tone: "warn" },
  destroyed: { label: "Destroyed", tone: "bad" },
};

export function versionWords(state: string): { label: string; tone: Tone } {
  return versions[state] ?? { label: state, tone: "none" };
}

export const rightWords: Record<string, string> = { use: "May use it", reveal: "May use and see it" };

// takes says what taking something out of a safe takes.
export function takes(t: Terms): string {
  return asks({ reason: t.reason, ticket: t.ticket, mfa: t.mfa, stages: t.stages });
}

const types: Record<string, string> = { idn: "identity", ent: "entitlement", rol: "role", acc: "account", sys: "system", safe: "safe", sec: "secret", tpl: "template", lse: "lease", aut: "authority", gls: "kit" };

// thing is an object by its id, called as the answer that named it calls it.
export function thing(id: string, names: Record<string, string> | undefined): NamedThing {
  return { id, type: types[id.slice(0, id.lastIndexOf("_"))] ?? "", name: names?.[id] ?? id };
}

// room is for how many minutes more something may be out, by its terms.
export function room(most: number, started: string | undefined, ends: string | undefined): number {
  if (!started || !ends) return 0;
  return Math.max(0, Math.floor(most - (Date.parse(ends) - Date.parse(started)) / 60_000));
}
