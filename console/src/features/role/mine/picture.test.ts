import { expect, test } from "vitest";
import { cellOf, columnHead, rowNames, sentenceOf, type Col, type Row } from "./picture";

const row = (member: boolean, people: number, ...first: string[]) => ({ member, people, first: first.map((name) => ({ id: name, type: "identity", name })), held: [] }) as unknown as Row;
const column = (given: boolean, entitlements: number, ...first: string[]) => ({ given, entitlements, first: first.map((name) => ({ id: name, type: "entitlement", name })) }) as unknown as Col;

test("a cell is what crosses in it", () => {
  expect(cellOf(row(true, 3), column(true, 2), 6)).toBe("covered");
  expect(cellOf(row(true, 3), column(true, 2), 5)).toBe("part");
  expect(cellOf(row(true, 3), column(true, 2), 0)).toBe("extra");
  expect(cellOf(row(true, 3), column(false, 1), 3)).toBe("missing");
  expect(cellOf(row(true, 3), column(false, 1), 0)).toBe("none");
  expect(cellOf(row(false, 1), column(true, 1), 1)).toBe("near");
  expect(cellOf(row(false, 1), column(true, 2), 1)).toBe("lacks");
  expect(cellOf(row(false, 1), column(false, 1), 1)).toBe("near");
});

test("a cell is told in a sentence", () => {
  expect(sentenceOf(row(true, 1, "Ana"), column(true, 1, "Read"), 1)).toBe("Ana holds Read: held, and the role gives it");
  expect(sentenceOf(row(true, 1, "Ana"), column(true, 1, "Read"), 0)).toBe("Ana does not hold Read: not held: the role would be new access");
  expect(sentenceOf(row(true, 5, "Ana", "Ben", "Cleo"), column(true, 2, "Read", "Post"), 7)).toContain("Ana, Ben, Cleo and 2 more hold 7 of 10 of Read, Post");
  expect(rowNames(row(true, 1200))).toBe("1,200 people");
  expect(columnHead(column(true, 4, "a", "b", "c"))).toBe("4 entitlements");
});
