import { expect, test } from "vitest";
import { fits } from "./live";

const record = { record: 1, action: "finding.accept", actor: "idn_0000000000001", object: { id: "fnd_0000000000001" } };

test("a record that comes is shown where one of the actions that are asked for is its own", () => {
  expect(fits(record, {})).toBe(true);
  expect(fits(record, { action: "finding.accept" })).toBe(true);
  expect(fits(record, { action: "function.assign, finding." })).toBe(true);
  expect(fits(record, { action: "function.assign,finding.reopen" })).toBe(false);
  expect(fits(record, { action: "finding" })).toBe(false);
  expect(fits(record, { action: "finding.", actor: "operator:0" })).toBe(false);
});
