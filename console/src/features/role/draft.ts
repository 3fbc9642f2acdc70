import type { NamedThing } from "../access/Named";
import { sourceText } from "../access/source";
import type { Parameter, Part, Told, Values } from "./role";

// Typed is a draft as somebody edits it.
export interface Typed {
  name: string;
  kind: string;
  description: string;
  owner: { id: string; name: string } | null;
  parameters: Parameter[];
  parts: Part[];
}

export const nothing: Typed = { name: "", kind: "business", description: "", owner: null, parameters: [], parts: [] };

export function typedOf(told: Told): Typed {
  return {
    name: told.name, kind: told.kind, description: told.description ?? "", parameters: told.parameters ?? [], parts: told.parts ?? [],
    owner: told.owner && !told.owner.hidden ? { id: told.owner.id, name: told.owner.name } : null,
  };
}

// hidesSome reports whether some of a role is not for whoever edits it: they would take it
// away without seeing it.
export function hidesSome(told: Told): boolean {
  return (told.owner?.hidden ?? false) || (told.parts ?? []).some((p) => p.part.hidden);
}

export interface Definition {
  name: string;
  kind: "business" | "technical";
  description?: string;
  owner?: string;
  parameters: { name: string; values: string[]; from?: string }[];
  parts: { entitlement?: string; role?: string; when?: Values }[];
}

// bodyOf is what the server is told.
export function bodyOf(t: Typed): Definition {
  return {
    name: t.name.trim(), kind: t.kind as Definition["kind"], description: t.description.trim() || undefined, owner: t.owner?.id,
    parameters: t.parameters.map((p) => ({ name: p.name.trim(), values: p.values ?? [], from: p.from || undefined })),
    parts: t.parts.map((p) => ({ [p.part.type === "role" ? "role" : "entitlement"]: p.part.id, when: p.when && Object.keys(p.when).length > 0 ? p.when : undefined })),
  };
}

// keyOf tells parts apart: the same thing may be given for several values.
export function keyOf(p: Part): string {
  return `${p.part.id} ${JSON.stringify(Object.entries(p.when ?? {}).sort())}`;
}

// sameAs reports whether two drafts say the same, in whatever order.
export function sameAs(a: Typed, b: Typed): boolean {
  const text = (t: Typed) => {
    const body = bodyOf(t);
    const parameters = body.parameters.map((p) => JSON.stringify([p.name, [...p.values].sort(), p.from ?? ""])).sort();
    return JSON.stringify({ ...body, parameters, parts: t.parts.map(keyOf).sort() });
  };
  return text(a) === text(b);
}

// renamed calls a parameter otherwise, also where parts depend on it.
export function renamed(t: Typed, at: number, name: string): Typed {
  const before = t.parameters[at]?.name ?? "";
  return {
    ...t, parameters: t.parameters.map((p, i) => (i === at ? { ...p, name } : p)),
    parts: t.parts.map((p) => (before !== "" && p.when?.[before] !== undefined ? { ...p, when: Object.fromEntries(Object.entries(p.when).map(([n, v]) => [n === before ? name : n, v])) } : p)),
  };
}

// without takes a parameter away. What was given for some of its values is then given to all.
export function without(t: Typed, at: number): Typed {
  const name = t.parameters[at]?.name ?? "";
  return {
    ...t, parameters: t.parameters.filter((_, i) => i !== at),
    parts: t.parts.map((p) => (p.when?.[name] === undefined ? p : { ...p, when: Object.fromEntries(Object.entries(p.when).filter(([n]) => n !== name)) })),
  };
}

export interface Changes {
  added: Part[];
  removed: Part[];
  said: [string, string, string][]; // what, before, after
}

// changesOf is what a draft changes about what is published.
export function changesOf(before: Told, after: Told): Changes {
  const keys = (told: Told) => new Set((told.parts ?? []).map(keyOf));
  const [old, next] = [keys(before), keys(after)];
  const said: [string, string, string][] = [
    ["Name", before.name, after.name], ["Kind", before.kind, after.kind], ["Description", before.description ?? "", after.description ?? ""],
    ["Owner", nameOf(before.owner), nameOf(after.owner)], ["Parameters", parametersText(before.parameters), parametersText(after.parameters)],
  ];
  return {
    added: (after.parts ?? []).filter((p) => !old.has(keyOf(p))), removed: (before.parts ?? []).filter((p) => !next.has(keyOf(p))),
    said: said.filter(([, was, is]) => was !== is),
  };
}

function nameOf(who: NamedThing | undefined): string {
  return who ? (who.hidden ? "somebody" : who.name) : "";
}

export function parametersText(list: Parameter[] | null): string {
  return (list ?? []).map((p) => `${p.name}: ${(p.values ?? []).join(", ")}${p.from ? ` (${sourceText({ from: p.from })})` : ""}`).join("; ");
}
