import { expect, test } from "vitest";
import { isWhole, sourceText } from "./source";

test("where a value comes from is said in words", () => {
  expect(sourceText({ value: "emea" })).toBe("emea");
  expect(sourceText({ from: "identity.attributes.region" })).toBe("from region");
  expect(sourceText({ from: "identity.unit" })).toBe("from their unit");
  expect(sourceText({})).toBe("as the role says");
});

test("an attribute without a name is not typed to its end", () => {
  expect(isWhole({ from: "identity.attributes." })).toBe(false);
  expect(isWhole({ from: "identity.attributes.region " })).toBe(false);
  expect(isWhole({ from: "identity.attributes.region" })).toBe(true);
  expect(isWhole({})).toBe(true);
});
