import { actorName } from "../access/words";
import type { NamedThing } from "../access/Named";
import type { Tone } from "../../ui/tone";
import type { Group, Values } from "./role";

export const kinds = [{ value: "business", label: "Business" }, { value: "technical", label: "Technical" }];

export const draftNames: Record<string, string> = { draft: "Being written", review: "In review", approved: "Approved" };

export const draftTones: Record<string, Tone> = { draft: "none", review: "warn", approved: "good" };

// The troubles that a role can have, as a column and a heading call them.
export const troubleNames: Record<string, string> = {
  duplicate: "Gives the same as another", gone: "All it gave is gone", no_owner: "Nobody answers for it", unassigned: "Nobody has it",
  unused: "Nobody uses it", one_person: "One person has it", subset: "Part of another", overlap: "Nearly the same", same_people: "The same people", deep: "Contained deeply",
};

export const troubles = Object.keys(troubleNames);

// valuesText writes values as people say them.
export function valuesText(values: Values | undefined): string {
  return Object.entries(values ?? {}).map(([name, value]) => `${name} ${value}`).join(", ");
}

// writerName is who wrote or reviewed, by their name where they are a person.
export function writerName(by: string | undefined, writers: Record<string, NamedThing>): string {
  if (!by) return "nobody";
  const who = writers[by];
  return who?.hidden ? "somebody" : actorName(by, who);
}

export function writerNames(by: string[] | null | undefined, writers: Record<string, NamedThing>): string {
  return (by ?? []).map((each) => writerName(each, writers)).join(", ");
}

// some are the first of a group by name, and how many more there are.
export function some(of: Group, most = 3): string {
  const named = (of.first ?? []).slice(0, most).map((who) => (who.hidden ? "somebody" : who.name));
  const rest = of.count - named.length;
  return rest > 0 ? `${named.join(", ")} and ${rest.toLocaleString("en-GB")} more` : named.join(", ");
}

export function people(n: number): string {
  return n === 1 ? "1 person" : `${n.toLocaleString("en-GB")} people`;
}

export function share(of: number | undefined): string {
  return `${Math.round((of ?? 0) * 100)} %`;
}
