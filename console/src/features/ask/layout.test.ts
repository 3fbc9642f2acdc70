import { expect, test } from "vitest";
import { box, columnsOf, smallest, viewOf } from "./layout";

test("what is one step further stands one column further, whichever way the arrows lead", () => {
  const away = columnsOf(["a", "b", "c", "d"], [{ from: "a", to: "b" }, { from: "b", to: "c" }, { from: "a", to: "d" }], "a");
  expect(away.get("b")!.x).toBe(away.get("d")!.x);
  expect(away.get("c")!.x).toBeGreaterThan(away.get("b")!.x);
  const into = columnsOf(["e", "b", "c"], [{ from: "b", to: "e" }, { from: "c", to: "b" }], "e");
  expect(into.get("e")!.x).toBeGreaterThan(into.get("b")!.x);
  expect(into.get("b")!.x).toBeGreaterThan(into.get("c")!.x);
});

test("no two stand in the same place, also in a ring", () => {
  const keys = ["a", "b", "c"];
  const places = columnsOf(keys, [{ from: "a", to: "b" }, { from: "b", to: "c" }, { from: "c", to: "a" }], "a");
  expect(new Set(keys.map((k) => JSON.stringify(places.get(k)))).size).toBe(3);
});

test("an arrow never leads back: what is reached in two ways stands behind the longer", () => {
  const places = columnsOf(["e", "acc", "night", "ops"], [{ from: "acc", to: "e" }, { from: "acc", to: "night" }, { from: "night", to: "ops" }, { from: "ops", to: "e" }], "e");
  expect(places.get("night")!.y).not.toBe(places.get("acc")!.y); // room for the arrow that passes
  expect([...places.keys()].sort()).toEqual(["acc", "e", "night", "ops"]);
  for (const [from, to] of [["acc", "e"], ["acc", "night"], ["night", "ops"], ["ops", "e"]] as const) expect(places.get(from)!.x).toBeLessThan(places.get(to)!.x);
});

test("what does not fit is not made too small to read, and the start stays in sight", () => {
  const keys = ["e", ...Array.from({ length: 200 }, (_, i) => `h${i}`)];
  const places = columnsOf(keys, keys.slice(1).map((from) => ({ from, to: "e" })), "e");
  const view = viewOf(places, "e", 1000, 600);
  expect(view.zoom).toBe(smallest);
  const { x, y } = places.get("e")!;
  expect(view.x + view.zoom * x).toBeGreaterThan(0);
  expect(view.x + view.zoom * (x + box.width)).toBeLessThan(1000);
  expect(view.y + view.zoom * y).toBeGreaterThan(0);
  expect(view.y + view.zoom * (y + box.height)).toBeLessThan(600);
});

test("whoever is in the middle or at an edge is in sight, and no room is left empty beside them", () => {
  const keys = Array.from({ length: 60 }, (_, i) => `h${i}`);
  const places = columnsOf(["a", ...keys, "e"], keys.flatMap((k) => [{ from: "a", to: k }, { from: k, to: "e" }]), "a");
  for (const start of ["a", "e", ...keys]) {
    const { x, y, zoom } = viewOf(places, start, 330, 600);
    const { x: atX, y: atY } = places.get(start)!;
    expect(x + zoom * atX).toBeGreaterThan(0);
    expect(x + zoom * (atX + box.width)).toBeLessThan(330);
    expect(y + zoom * atY).toBeGreaterThan(0);
    expect(y + zoom * (atY + box.height)).toBeLessThan(600);
    const ys = [...places.values()].map((p) => p.y);
    expect(y + zoom * Math.min(...ys)).toBeLessThan(40);
    expect(y + zoom * (Math.max(...ys) + box.height)).toBeGreaterThan(560);
  }
});
