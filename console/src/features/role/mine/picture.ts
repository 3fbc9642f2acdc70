import type { Picture } from "./mining";

export type Row = NonNullable<Picture["rows"]>[number];
export type Col = NonNullable<Picture["columns"]>[number];

// What a cell of the picture is: members and what the role gives come first.
export type CellKind = "covered" | "part" | "extra" | "missing" | "near" | "lacks" | "none";

export const cellWords: Record<CellKind, string> = {
  covered: "held, and the role gives it", part: "some hold it, the role gives it to all", extra: "not held: the role would be new access",
  missing: "held, and the role does not give it", near: "held by people who are no members", lacks: "what keeps them from holding all of it", none: "neither held nor given",
};

// cellOf says what a crossing of people and entitlements is, by how many pairs are held.
export function cellOf(row: Row, column: Col, held: number): CellKind {
  const all = row.people * column.entitlements;
  if (!column.given) return held > 0 ? (row.member ? "missing" : "near") : "none";
  if (!row.member) return held === all ? "near" : "lacks";
  if (held === all) return "covered";
  return held === 0 ? "extra" : "part";
}

interface Shown {
  name: string;
  hidden?: boolean;
  system?: string;
}

function names(first: Shown[] | null, all: number, one: string, many: string): string {
  const some = (first ?? []).map((f) => (f.hidden ? "" : f.name)).filter(Boolean);
  if (some.length === 0) return all === 1 ? one : `${all.toLocaleString("en-GB")} ${many}`;
  const rest = all - some.length;
  return rest > 0 ? `${some.join(", ")} and ${rest.toLocaleString("en-GB")} more` : some.join(", ");
}

export const rowNames = (row: Row) => names(row.first, row.people, "somebody", "people");
export const columnNames = (column: Col) => names(column.first, column.entitlements, "an entitlement", "entitlements");

// columnHead is what a column is called where there is little room.
export function columnHead(column: Col): string {
  return column.entitlements === 1 ? columnNames(column) : `${column.entitlements.toLocaleString("en-GB")} entitlements`;
}

// sentenceOf says a cell in words, as whoever does not see it hears it.
export function sentenceOf(row: Row, column: Col, held: number): string {
  const all = row.people * column.entitlements;
  const share = held === all ? "hold" : held === 0 ? "do not hold" : `hold ${held.toLocaleString("en-GB")} of ${all.toLocaleString("en-GB")} of`;
  const who = row.people === 1 && (held === 0 || held === all) ? (held === all ? "holds" : "does not hold") : share;
  return `${rowNames(row)} ${who} ${columnNames(column)}: ${cellWords[cellOf(row, column, held)]}`;
}
