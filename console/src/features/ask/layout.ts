export interface Arrow {
  from: string;
  to: string;
}

const width = 290;
const height = 66;

// columnsOf puts each box one column further from the start than the nearest that it
// is next to. Within a column, boxes stand near what leads to them.
export function columnsOf(keys: string[], arrows: Arrow[], start: string): Map<string, { x: number; y: number }> {
  const next = new Map<string, string[]>();
  const before = new Map<string, string[]>();
  const put = (map: Map<string, string[]>, key: string, value: string) => map.set(key, [...(map.get(key) ?? []), value]);
  for (const a of arrows) {
    put(next, a.from, a.to);
    put(before, a.to, a.from);
  }
  const outward = walk(start, next);
  const inward = walk(start, before); // of an entitlement the arrows lead to it
  const forward = outward.size >= inward.size;
  const depth = forward ? outward : inward;
  const deepest = Math.max(0, ...depth.values());
  const columns = new Map<number, string[]>();
  for (const key of keys) {
    const d = depth.get(key) ?? deepest;
    const column = forward ? d : deepest - d;
    columns.set(column, [...(columns.get(column) ?? []), key]);
  }
  const places = new Map<string, { x: number; y: number }>();
  const order = [...columns.keys()].sort((a, b) => (forward ? a - b : b - a));
  for (const column of order) {
    const near = (key: string) => {
      const ys = ((forward ? before : next).get(key) ?? []).map((k) => places.get(k)?.y).filter((y): y is number => y !== undefined);
      return ys.length > 0 ? ys.reduce((a, b) => a + b, 0) / ys.length : 0;
    };
    const list = (columns.get(column) ?? []).map((key) => ({ key, y: near(key) })).sort((a, b) => a.y - b.y);
    list.forEach(({ key }, i) => places.set(key, { x: column * width, y: (i - (list.length - 1) / 2) * height }));
  }
  return places;
}

function walk(start: string, next: Map<string, string[]>): Map<string, number> {
  const depth = new Map([[start, 0]]);
  const queue = [start];
  for (let key = queue.shift(); key !== undefined; key = queue.shift()) {
    for (const to of next.get(key) ?? []) {
      if (depth.has(to)) continue;
      depth.set(to, depth.get(key)! + 1);
      queue.push(to);
    }
  }
  return depth;
}
