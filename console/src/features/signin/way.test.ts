// @vitest-environment jsdom
import { expect, test } from "vitest";
import { safePlace } from "./way";

test("sign-in leads back into this console and nowhere else", () => {
  expect(safePlace("/findings?severity=critical")).toBe("/findings?severity=critical");
  for (const bad of ["https://evil.test/", "//evil.test/x", "/\\evil.test", "javascript:alert(1)", "/signin", undefined, 7]) {
    expect(safePlace(bad)).toBe("/");
  }
});
