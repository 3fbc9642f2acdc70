import { expect, test } from "vitest";
import { coursesOf, groupText, heldBy, misplaced, sumAt } from "./words";

test("an error says where in the text it is", () => {
  expect(misplaced("Rule what-if: 1:16: Syntax error: mismatched input; 2:3: undeclared reference to 'unit'.")).toEqual([
    { line: 1, column: 16, what: "Syntax error: mismatched input" }, { line: 2, column: 3, what: "undeclared reference to 'unit'" },
  ]);
  expect(misplaced("House:3:1: expected permit or forbid.")).toEqual([{ line: 3, column: 1, what: "expected permit or forbid" }]);
  expect(misplaced("The guards cannot be replaced.")).toEqual([]);
  expect(misplaced("Come back at 12:30.")).toEqual([]);
});

test("peers are said as people say it", () => {
  expect(heldBy({ having: 0, peers: 24 })).toBe("none of 24");
  expect(heldBy({ having: 1, peers: 1240 })).toBe("1 of 1,240");
  expect(groupText([{ value: "Treasury" }, { value: "Lindquell AG" }])).toBe("Treasury, Lindquell AG");
  expect(groupText([])).toBe("everybody");
});

test("units are followed through months in which nothing was kept there", () => {
  const points = [
    { at: "2026-01-01T00:00:00Z", unit: "A", kept: 1, weight: 8 }, { at: "2026-02-01T00:00:00Z", unit: "A", kept: 1, weight: 8 },
    { at: "2026-02-01T00:00:00Z", unit: "B", kept: 4, weight: 4 },
  ];
  expect(coursesOf(points)).toEqual([{ unit: "B", kept: [0, 4], now: 4 }, { unit: "A", kept: [1, 1], now: 1 }]);
  expect(sumAt(points, "2026-02-01T00:00:00Z", "weight")).toBe(12);
});
