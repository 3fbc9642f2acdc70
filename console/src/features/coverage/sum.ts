export interface Counts {
  required: number;
  in_place: number;
  missing: number;
  unknown: number;
  excepted: number;
}

export interface Cell extends Counts {
  system: { id: string; name: string };
  control: string;
}

// Row is a line of the matrix as the server sums it.
export interface Row {
  key: string;
  system?: { id: string; name: string };
  cells: Record<string, Counts>;
  total: Counts;
}

// cellsOf takes the lines of systems apart.
export function cellsOf(rows: Row[]): Cell[] {
  return rows.flatMap((r) => r.system === undefined ? [] : Object.entries(r.cells).map(([control, c]) => ({ system: r.system!, control, ...c })));
}

// privilegedOf sums the lines of tiers 0 and 1.
export function privilegedOf(rows: Row[]): Counts {
  return rows.filter((r) => r.key === "0" || r.key === "1").map((r) => r.total).reduce(add, none);
}

export const none: Counts = { required: 0, in_place: 0, missing: 0, unknown: 0, excepted: 0 };

export function add(a: Counts, b: Counts): Counts {
  return {
    required: a.required + b.required, in_place: a.in_place + b.in_place, missing: a.missing + b.missing,
    unknown: a.unknown + b.unknown, excepted: a.excepted + b.excepted,
  };
}

// worstFirst puts what has the smallest share in place first.
export function worstFirst(a: Counts, b: Counts): number {
  const share = (c: Counts) => (c.required === 0 ? 2 : c.in_place / c.required);
  return share(a) - share(b);
}

// percent is how much is in place; it says 100 % only of all, and 0 % only of nothing.
export function percent(c: Counts): string {
  if (c.required === 0) return "–";
  const share = (100 * c.in_place) / c.required;
  if (c.in_place < c.required && share > 99) return ">99%";
  if (c.in_place > 0 && share < 1) return "<1%";
  return `${Math.round(share)}%`;
}

// state is the worst that is true of some of it.
export function state(c: Counts): string {
  if (c.missing > 0) return "missing";
  if (c.unknown > 0) return "unknown";
  if (c.excepted > 0) return "excepted";
  return "in_place";
}
