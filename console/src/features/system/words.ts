import { sentence } from "../../client/problem";
import { said } from "../access/words";

// What a system cannot say itself, as people choose it.

const choice = (value: string) => ({ value, label: said(value) });

export const environments = ["production", "staging", "development"].map(choice);
export const criticalities = [
  { value: "low", label: "Low" }, { value: "medium", label: "Medium" }, { value: "high", label: "High" },
  { value: "control", label: "Control: identities, policy or backups" },
];
export const dataClasses = ["public", "internal", "confidential", "restricted"].map(choice);

export const periods = [
  { value: "", label: "As often as its worst tier asks" }, { value: "5m", label: "Every 5 minutes" }, { value: "15m", label: "Every 15 minutes" },
  { value: "1h", label: "Every hour" }, { value: "6h", label: "Every 6 hours" }, { value: "24h", label: "Every day" },
];

// What to do about what a run met, by the code of the problem.
const remedies: Record<string, string> = {
  "system-unreachable": "Check the host and the port in the address, that the system runs, and that a firewall lets this node reach it.",
  "system-credentials": "Check the name in the address and the credential. The page on this kind of system says which account to make.",
  "host-key-changed": "Somebody may stand in between. Ask whoever runs the host for its key before you go on.",
  "system-privilege": "Give the account that Writ signs in with what the page on this kind of system names, and try again.",
  "source-incomplete": "It stopped half-way, and nothing was kept. Try again; if it does so again, look at the system's own log.",
  "bad-input": "Check the address and the settings: the sentence above says which one.",
  "credential-refused": "Give the credential again: it goes to the one address that it was given for.",
  "run-cancelled": "You can begin again at any time; nothing was changed.",
};

export function remedy(code: string | undefined): string {
  return (code && remedies[code]) || "Nothing was changed. Put right what the sentence says, and try again.";
}

// spell writes options as lines of NAME=VALUE; unspell reads them.
export function spell(options: Record<string, string>): string {
  return Object.entries(options).map(([name, value]) => `${name}=${value}`).join("\n");
}

export function unspell(text: string): Record<string, string> {
  const options: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const at = line.indexOf("=");
    if (at > 0) options[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  return options;
}

// prefixOf is what the names of a family of options begin with: data_class.DB has data_class.
export function prefixOf(family: string): string {
  return /^[a-z0-9_.-]*/.exec(family)?.[0] ?? family;
}

// because is why a run did not do what it was for, as one sentence: what a system said may
// end in the middle of one.
export function because(error: string): string {
  return sentence(error.replace(/[:;\s]+$/, ""));
}
