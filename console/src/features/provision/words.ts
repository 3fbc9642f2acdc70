import { sentence } from "../../client/problem";
import type { ItemOf } from "../../client/types";
import type { Tone } from "../../ui/tone";

export type Operation = ItemOf<"list-operations">;

// The states of operations in the order in which they are worth a look.
export const states = ["held", "dead", "failed", "waiting", "running", "planned", "verified", "cancelled"] as const;

export type State = (typeof states)[number];

export const stateTones: Record<string, Tone> = {
  held: "warn", dead: "bad", failed: "warn", waiting: "mild", running: "calm", planned: "calm", verified: "good", cancelled: "none",
};

export const runTones: Record<string, Tone> = { open: "calm", held: "warn", done: "good" };
export const runNames: Record<string, string> = { open: "Under way", held: "Held", done: "Done" };

const verbs: Record<string, string> = {
  grant: "Give", revoke: "Take away", disable_account: "Disable the account", enable_account: "Enable the account", create_account: "Make an account",
  update_account: "Change the account", delete_account: "Delete the account", end_sessions: "End the sessions",
};

// what says what an operation does, as far as its names may be seen.
export function what(o: Pick<Operation, "kind" | "entitlement" | "resource" | "undo">, names: Record<string, string>): string {
  const verb = verbs[o.kind] ?? sentence(o.kind.replaceAll("_", " ")).slice(0, -1);
  const thing = o.entitlement ? ` ${names[o.entitlement] ?? "an entitlement"}` : "";
  const on = o.resource ? ` on ${names[o.resource] ?? "a resource"}` : "";
  return `${o.undo ? "Take back: " : ""}${o.undo ? verb.toLowerCase() : verb}${thing}${on}`;
}

// account says on which account, or whose that will be.
export function account(o: Operation, names: Record<string, string>): string {
  if (o.account && names[o.account]) return names[o.account]!;
  return o.login ?? "a new account";
}

// wanted are the attributes that an account is to have, in words; nothing where none are.
export function wanted(o: Pick<Operation, "set">): string {
  return Object.entries(o.set ?? {}).sort().map(([name, value]) => `${name} ${value === "" ? "empty" : value}`).join(", ");
}

// What to do about an operation that does not get on, by its code.
const remedies: Record<string, string> = {
  "no-account": "It waits until the account is there; nobody has to do anything.",
  "by-hand": "Do it by hand in the system. Nobody ticks it off: the next read shows whether it was done.",
  asked: "The system was asked, and does it in its own time. It is asked again every few minutes.",
  "not-performed": "Look into the system’s own log for why it let go of the change, then resume this.",
  "login-taken": "Choose another login in the mapping, or link that account to its person; then resume this.",
  "unsupported-change": "Do it by hand in the system, then cancel this.",
  "account-login": "Give the system a mapping that says which login the account should have, then resume this.",
  interrupted: "Nobody has to do anything: it is tried again, and asked first.",
  overtaken: "Nothing is to be done: what caused it is not so any more.",
  seen: "The system was so already: nothing was written.",
  "system-unreachable": "Check that the system runs and that a firewall lets this node reach it. It is tried again by itself for a day and a half.",
  "system-credentials": "Check the credential on the system’s page, then resume this.",
  "system-privilege": "Give the account that Writ signs in with what it needs there, then resume this.",
};

export function remedy(o: Pick<Operation, "code" | "state">): string | undefined {
  if (o.state === "held") return "Somebody approves its run first.";
  const known = o.code ? remedies[o.code] : undefined;
  if (known) return known;
  if (o.state === "dead") return "Put right what the sentence says, then resume it, or cancel it.";
  if (o.state === "failed") return "It is tried again by itself, with longer pauses.";
  return undefined;
}

// atWork reports whether an operation may still get on by itself.
export function atWork(o: Pick<Operation, "state">): boolean {
  return !["verified", "cancelled", "dead"].includes(o.state);
}

// counted says how many of a run's operations are where, what is worth a look first.
export function counted(counts: Record<string, number>): { state: State; n: number }[] {
  return states.map((state) => ({ state, n: counts[state] ?? 0 })).filter(({ n }) => n > 0);
}
