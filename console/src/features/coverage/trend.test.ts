// @vitest-environment jsdom
import { expect, test } from "vitest";
import { none } from "./sum";
import { coursesOf, moved } from "./trend";

test("a control's course leaves out days on which nothing required it", () => {
  const on = (control: string, required: number, in_place: number) => ({ ...none, control, required, in_place });
  const courses = coursesOf([on("vault", 0, 0), on("owner", 4, 1), on("owner", 4, 3)]);
  expect(courses.map((c) => c.control)).toEqual(["owner"]);
  expect(courses[0]!.shares).toEqual([0.25, 0.75]);
  expect(moved(courses[0]!.shares)).toBe(50);
});

test("one day says nothing of a movement, and no day is no course", () => {
  expect(moved([0.5])).toBeUndefined();
  expect(coursesOf([])).toEqual([]);
});
