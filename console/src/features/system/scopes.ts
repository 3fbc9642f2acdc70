import type { AnswerOf } from "../../client/types";

type Scopes = AnswerOf<"list-scopes">;

// choicesOf are the scopes that one may add a system to, each called by what it lies in
// too; what is empty is the organisation as a whole.
export function choicesOf(scopes: Scopes | undefined): { value: string; label: string }[] {
  if (!scopes) return [];
  const items = scopes.items ?? [];
  const byId = new Map(items.map((s) => [s.id, s]));
  const path = (id: string | undefined): string[] => {
    const s = id ? byId.get(id) : undefined;
    return s ? [...path(s.parent), s.name] : [];
  };
  const choices = items.filter((s) => s.may["system.add"]?.allowed).map((s) => ({ value: s.id, label: path(s.id).join(" / ") }));
  choices.sort((a, b) => a.label.localeCompare(b.label));
  return scopes.may["system.add"]?.allowed ? [{ value: "", label: "The organisation" }, ...choices] : choices;
}
