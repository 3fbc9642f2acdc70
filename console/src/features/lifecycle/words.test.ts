import { expect, test } from "vitest";
import { choiceText, clockTime, daysFrom, linesOf, ordersFor, sourceOf, withSource, zones } from "./words";

test("expressions are lines, and empty ones are none", () => {
  expect(linesOf(" identity.login \n\nidentity.name.words().join(\".\")\n")).toEqual(["identity.login", "identity.name.words().join(\".\")"]);
  expect(linesOf("\n ")).toEqual([]);
});

test("a date some days on is one of the calendar here", () => {
  expect(daysFrom(new Date(2026, 11, 30, 23, 30), 3)).toBe("2027-01-02");
});

test("a local time is told by its own clocks, wherever it is read", () => {
  expect(clockTime("2027-01-31T18:00")).toBe("31 Jan 2027, 18:00");
  expect(clockTime("soon")).toBe("soon");
});

test("what can be ordered is what would change somebody’s state", () => {
  expect(ordersFor("terminated")).toEqual(["rehire"]);
  expect(ordersFor("active")).not.toContain("hire");
  expect(ordersFor("leave_of_absence")[0]).toBe("return");
});

test("this browser’s zone comes first, and UTC is one", () => {
  const { own, all } = zones();
  expect(all[0]).toBe(own);
  expect(all).toContain("UTC");
  expect(new Set(all).size).toBe(all.length);
});

test("a choice takes each parameter from one place", () => {
  const c = withSource({ role: "rol_1" }, "region", { from: "identity.attributes.region" });
  expect(sourceOf(c, "region")).toEqual({ from: "identity.attributes.region" });
  expect(choiceText(withSource(c, "project", { value: "apollo" }))).toBe("project apollo, region from region");
  const fixed = withSource(c, "region", { value: "emea" });
  expect(fixed).toEqual({ role: "rol_1", with: { region: "emea" }, from: {} });
  expect(choiceText(withSource(fixed, "region", {}))).toBe("as the role says");
});
