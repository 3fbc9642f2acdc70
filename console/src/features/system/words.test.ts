import { expect, test } from "vitest";
import { prefixOf, remedy, spell, unspell } from "./words";

test("options are lines, and come back from them", () => {
  const options = { "data_class.shop": "restricted", "data_class.a=b": "" };
  expect(spell({ "data_class.shop": "restricted" })).toBe("data_class.shop=restricted");
  expect(unspell(" data_class.shop = restricted \nnothing\n=x\n")).toEqual({ "data_class.shop": "restricted" });
  expect(unspell(spell({ "data_class.shop": options["data_class.shop"] }))).toEqual({ "data_class.shop": "restricted" });
});

test("a family is known by what its names begin with", () => {
  expect(prefixOf("data_class.DB[.SCHEMA[.TABLE]]")).toBe("data_class.");
});

test("every failure says what to do", () => {
  expect(remedy("system-unreachable")).toContain("port");
  expect(remedy(undefined)).toContain("try again");
  expect(remedy("never-heard-of")).toContain("try again");
});
