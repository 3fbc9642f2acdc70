import type { Tone } from "../../ui/tone";

// The model's words as people read them, in the order in which they are shown.

export const severities = ["critical", "high", "medium", "low"] as const;

export const severityTone: Record<string, Tone> = { critical: "bad", high: "warn", medium: "mild", low: "calm" };

export const controls = ["owner", "review", "sod", "expiry", "vault", "rotate", "elevate", "isolate", "record", "enforce"] as const;

export const governance = new Set<string>(controls.slice(0, 4));

export const controlNames: Record<string, string> = {
  owner: "Owner", review: "Review", sod: "Separation of duties", expiry: "Expiry", vault: "Vault",
  rotate: "Rotation", elevate: "Elevation", isolate: "Isolation", record: "Recording", enforce: "Enforcement",
};

export const controlShort: Record<string, string> = {
  ...controlNames, sod: "SoD", enforce: "Enforce", elevate: "Elevate", isolate: "Isolate", record: "Record", rotate: "Rotate",
};

export const controlMeans: Record<string, string> = {
  owner: "somebody answers for it",
  review: "somebody has said lately that it is still right",
  sod: "nobody holds two things that must be apart",
  expiry: "it ends by itself",
  vault: "its secret lies in a vault and not with people",
  rotate: "its secret is changed often enough",
  elevate: "it is taken for a time, and not held",
  isolate: "it is used through a gateway that holds the secret",
  record: "what is done with it is recorded",
  enforce: "each command is checked before it runs",
};

export const tierMeans: Record<number, string> = {
  0: "controls identities, policy, backups or Writ itself",
  1: "administers production, or reads sensitive data in bulk",
  2: "changes production, or reads single sensitive records",
  3: "the rest",
  [-1]: "not classified, which counts as tier 0",
};

export const tierTone: Record<number, Tone> = { 0: "bad", 1: "warn", 2: "mild", 3: "none", [-1]: "odd" };

export const stateNames: Record<string, string> = { in_place: "In place", missing: "Missing", unknown: "Unknown", excepted: "Excepted" };

export const kindNames: Record<string, string> = {
  human: "Human", service: "Service", agent: "Agent", person: "Person", admin: "Admin", shared: "Shared",
  break_glass: "Break glass", built_in: "Built in",
};

export const modeNames: Record<string, string> = { standing: "Standing", eligible: "Eligible", active: "Active" };

// said writes a word of the model as people read it.
export function said(word: string | undefined | null): string {
  if (!word) return "–";
  const text = word.replaceAll("_", " ").replaceAll("-", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

// actorName is who acted: a person by their name, and otherwise a part of Writ, or whoever
// runs it.
export function actorName(actor: string, person?: { name: string } | null): string {
  if (person) return person.name;
  return /^operator(:\d+)?$/.test(actor) ? "Operator of the node" : said(actor);
}
