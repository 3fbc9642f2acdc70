export interface Arrow {
  from: string;
  to: string;
}

export interface Place {
  x: number;
  y: number;
}

// What a box measures, and how far apart they stand.
export const box = { width: 210, height: 46 };
const step = { x: 300, y: 62 };

// columnsOf puts each box one column further from the start than the furthest that it
// hangs on, so that arrows lead one way and none goes back under a box. Within a column,
// boxes stand near what leads to them.
export function columnsOf(keys: string[], arrows: Arrow[], start: string): Map<string, Place> {
  const next = new Map<string, string[]>();
  const before = new Map<string, string[]>();
  const put = (map: Map<string, string[]>, key: string, value: string) => map.set(key, [...(map.get(key) ?? []), value]);
  for (const a of arrows) {
    put(next, a.from, a.to);
    put(before, a.to, a.from);
  }
  const outward = depths(start, next);
  const inward = depths(start, before); // of an entitlement the arrows lead to it
  const forward = outward.size >= inward.size;
  const depth = forward ? outward : inward;
  const deepest = Math.max(0, ...depth.values());
  const columns = new Map<number, string[]>();
  for (const key of keys) {
    const d = depth.get(key) ?? deepest;
    const column = forward ? d : deepest - d;
    columns.set(column, [...(columns.get(column) ?? []), key]);
  }
  for (const lane of lanesOf(arrows, (key) => (depth.has(key) ? (forward ? depth.get(key)! : deepest - depth.get(key)!) : undefined))) {
    put(next, lane.from, lane.key);
    put(before, lane.key, lane.from);
    put(next, lane.key, lane.to);
    put(before, lane.to, lane.key);
    columns.set(lane.column, [...(columns.get(lane.column) ?? []), lane.key]);
  }
  const places = new Map<string, Place>();
  const order = [...columns.keys()].sort((a, b) => (forward ? a - b : b - a));
  for (const column of order) {
    const near = (key: string) => {
      const ys = ((forward ? before : next).get(key) ?? []).map((k) => places.get(k)?.y).filter((y): y is number => y !== undefined);
      return ys.length > 0 ? ys.reduce((a, b) => a + b, 0) / ys.length : 0;
    };
    const list = (columns.get(column) ?? []).map((key) => ({ key, y: near(key) })).sort((a, b) => a.y - b.y);
    list.forEach(({ key }, i) => places.set(key, { x: column * step.x, y: (i - (list.length - 1) / 2) * step.y }));
  }
  const shown = new Set(keys);
  return new Map([...places].filter(([key]) => shown.has(key)));
}

const lanesAtMost = 24;

// lanesOf keeps room in the columns that an arrow passes, so that it is not hidden under
// what stands there.
function lanesOf(arrows: Arrow[], columnOf: (key: string) => number | undefined): { key: string; from: string; to: string; column: number }[] {
  const lanes = new Map<string, { key: string; from: string; to: string; column: number }>();
  for (const { from, to } of arrows) {
    const [first, last] = [columnOf(from), columnOf(to)];
    if (first === undefined || last === undefined) continue;
    for (let column = first + 1; column < last; column++) {
      const key = `${from}\n${to}\n${column}`;
      lanes.set(key, { key, from, to, column });
    }
  }
  return lanes.size > lanesAtMost ? [] : [...lanes.values()];
}

// depths are the longest ways from the start. An arrow that would close a circle counts
// for nothing.
function depths(start: string, next: Map<string, string[]>): Map<string, number> {
  const order: string[] = [];
  const state = new Map<string, "open" | "done">();
  const back = new Set<string>();
  const stack: { key: string; at: number }[] = [{ key: start, at: 0 }];
  state.set(start, "open");
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    const to = (next.get(top.key) ?? [])[top.at++];
    if (to === undefined) {
      state.set(top.key, "done");
      order.push(top.key);
      stack.pop();
    } else if (state.get(to) === "open") {
      back.add(`${top.key}\n${to}`);
    } else if (!state.has(to)) {
      state.set(to, "open");
      stack.push({ key: to, at: 0 });
    }
  }
  const depth = new Map([[start, 0]]);
  for (const key of order.reverse()) {
    for (const to of next.get(key) ?? []) {
      if (!back.has(`${key}\n${to}`)) depth.set(to, Math.max(depth.get(to) ?? 0, (depth.get(key) ?? 0) + 1));
    }
  }
  return depth;
}

export interface View {
  x: number;
  y: number;
  zoom: number;
}

const margin = 28;
export const smallest = 0.8; // below it names cannot be read

// heightOf is how tall a canvas needs to be for all columns, within limits.
export function heightOf(places: Map<string, Place>, most: number): number {
  const ys = [...places.values()].map((p) => p.y);
  const tall = Math.max(...ys, 0) - Math.min(...ys, 0) + box.height + 2 * margin + 40;
  return Math.min(Math.max(tall, 260), most);
}

// viewOf shows everything where that can still be read, and otherwise the start with as
// much around it as there is room for.
export function viewOf(places: Map<string, Place>, start: string, width: number, height: number): View {
  const all = [...places.values()];
  const left = Math.min(...all.map((p) => p.x));
  const right = Math.max(...all.map((p) => p.x)) + box.width;
  const top = Math.min(...all.map((p) => p.y));
  const bottom = Math.max(...all.map((p) => p.y)) + box.height;
  const fits = Math.min((width - 2 * margin) / (right - left), (height - 2 * margin) / (bottom - top));
  const zoom = Math.min(1, Math.max(smallest, fits));
  const from = places.get(start) ?? { x: left, y: top };
  return {
    x: shift(zoom * left, zoom * right, zoom * (from.x + box.width / 2), width),
    y: shift(zoom * top, zoom * bottom, zoom * (from.y + box.height / 2), height),
    zoom,
  };
}

// shift moves what lies between low and high into a room: into its middle where it fits, and
// else so that one point is as near to the middle as leaves no room empty.
function shift(low: number, high: number, point: number, room: number): number {
  if (high - low <= room - 2 * margin) return room / 2 - (low + high) / 2;
  return Math.min(margin - low, Math.max(room - margin - high, room / 2 - point));
}
