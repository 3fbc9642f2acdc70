import { describe, expect, test } from "vitest";
import { asks, choices, lasting, left, minutesOf, stateWords } from "./words";

describe("the words of elevation", () => {
  test("how long something is", () => {
    expect([1, 30, 60, 90, 121, 1440, 2880].map(lasting)).toEqual(["1 minute", "30 minutes", "1 hour", "1 hour 30 minutes", "2 hours 1 minute", "1 day", "2 days"]);
    expect(minutesOf(1_800_000_000_000)).toBe(30);
  });

  test("a running clock never goes below nothing", () => {
    const now = Date.parse("2027-01-01T00:00:00Z");
    expect(left("2027-01-01T00:00:59.200Z", now)).toBe("1:00");
    expect(left("2027-01-01T01:02:03Z", now)).toBe("1:02:03");
    expect(left("2026-12-31T00:00:00Z", now)).toBe("0:00");
  });

  test("nobody is offered more than the terms let them", () => {
    expect(choices(30)).toEqual([5, 15, 30]);
    expect(choices(45)).toEqual([5, 15, 30, 45]);
    expect(choices(3)).toEqual([3]);
  });

  test("what terms ask for", () => {
    expect(asks({ most: 1 })).toBe("nothing more");
    expect(asks({ most: 1, reason: true, mfa: true, stages: [{ quorum: 1, approvers: [{ owner: true }, { function: "security_operations" }] }] }))
      .toBe("a reason, a second factor, a yes from its owner or security operations");
    expect(stateWords("something new").label).toBe("something new");
  });
});
