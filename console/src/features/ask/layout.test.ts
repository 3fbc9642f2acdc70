import { expect, test } from "vitest";
import { columnsOf } from "./layout";

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
