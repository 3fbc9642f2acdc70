import { expect, test } from "vitest";
import { add, none, percent, state } from "./sum";

test("a share is rounded, but never to all or to nothing", () => {
  expect(percent({ ...none, required: 3, in_place: 2 })).toBe("67%");
  expect(percent({ ...none, required: 1000, in_place: 999 })).toBe(">99%");
  expect(percent({ ...none, required: 1000, in_place: 1 })).toBe("<1%");
  expect(percent({ ...none, required: 5, in_place: 5 })).toBe("100%");
  expect(percent(none)).toBe("–");
});

test("what is missing is said before what is not known", () => {
  expect(state({ ...none, required: 3, missing: 1, unknown: 1, in_place: 1 })).toBe("missing");
  expect(state({ ...none, required: 2, unknown: 1, excepted: 1 })).toBe("unknown");
  expect(state(add({ ...none, required: 1, in_place: 1 }, none))).toBe("in_place");
});
