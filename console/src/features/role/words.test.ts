import { expect, test } from "vitest";
import { some, valuesText, writerNames } from "./words";

const who = (name: string) => ({ id: name, type: "identity", name });

test("of a group the first are named, and the rest counted", () => {
  expect(some({ count: 1, first: [who("Ana")] })).toBe("Ana");
  expect(some({ count: 1200, first: ["Ana", "Ben", "Cleo", "Dora"].map(who) })).toBe("Ana, Ben, Cleo and 1,197 more");
  expect(some({ count: 2, first: [{ ...who(""), hidden: true }, who("Ben")] })).toBe("somebody, Ben");
});

test("who wrote is named where it is a person, and never guessed", () => {
  expect(writerNames(["idn_1", "operator:0"], { idn_1: who("Ana Sol") })).toBe("Ana Sol, Operator of the node");
  expect(writerNames(["idn_1"], { idn_1: { ...who(""), hidden: true } })).toBe("somebody");
});

test("values are written by name", () => {
  expect(valuesText({ region: "emea", site: "lyon" })).toBe("region emea, site lyon");
  expect(valuesText(undefined)).toBe("");
});
