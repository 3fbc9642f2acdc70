import type { Tone } from "../../ui/tone";

const states: Record<string, { label: string; tone: Tone }> = {
  waiting: { label: "Waits", tone: "mild" },
  approved: { label: "Approved", tone: "good" },
  refused: { label: "Refused", tone: "bad" },
  withdrawn: { label: "Withdrawn", tone: "none" },
  expired: { label: "Timed out", tone: "warn" },
};

export function stateOf(state: string): { label: string; tone: Tone } {
  return states[state] ?? { label: state, tone: "none" };
}

const actions: Record<string, string> = { "elevation.activate": "activate", "secret.use": "have", "secret.share": "give outside" };

// wants is what somebody asks for, in a sentence.
export function wants(action: string, thing: string): string {
  return `${actions[action] ?? action.replaceAll(/[._]/g, " ")} ${thing}`;
}

// reviews reports whether somebody is asked what they found, and says so in a comment.
export const reviews = (action: string) => action === "breakglass.review";

// asking is what is asked of whoever decides, and why in a sentence.
export function asking(action: string, who: string, thing: string): { question: string; sentence: string } {
  if (reviews(action)) return { question: `Was ${thing} opened as it should be?`, sentence: `${who} opened ${thing} with others, when nothing else worked` };
  return { question: `May ${who} ${wants(action, thing)}?`, sentence: `${who} wants to ${wants(action, thing)}` };
}
