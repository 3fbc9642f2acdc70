import { describe, expect, test } from "vitest";
import { apiTerms, asking, endWords, formTerms, long, stateWords } from "./words";

describe("the words of leases", () => {
  test("what is over and still there is said before anything else", () => {
    expect(stateWords({ state: "ending", late: true })).toEqual({ label: "Over, and still there", tone: "bad" });
    expect(stateWords({ state: "ending" }).label).toBe("Is being taken away");
    expect(stateWords({ state: "waiting", agreed_at: "2027-01-01T00:00:00Z" }).tone).toBe("good");
    expect(stateWords({ state: "something new" })).toEqual({ label: "something new", tone: "none" });
  });

  test("why it ended, also by a reason that is new here", () => {
    expect([endWords("forced"), endWords("another"), endWords(undefined)]).toEqual(["it was taken back", "another", ""]);
  });

  test("terms go into a form and back without a change", () => {
    const terms = { most: 3_600_000_000_000, reason: true, ticket: false, mfa: true, stages: [{ approvers: [{ owner: true }], quorum: 1, within: 7_200_000_000_000 }] };
    expect(formTerms(terms)).toMatchObject({ most_minutes: 60, reason: true, stages: [{ within_minutes: 120 }] });
    expect(apiTerms(formTerms(terms))).toEqual(terms);
    expect(asking(terms)).toBe("a reason, a second factor, a yes from its owner");
  });

  test("how long", () => {
    expect([long(30_000_000_000_00), long(2_000_000_000), long(3_600_000_000_000)]).toEqual(["50 minutes", "2 seconds", "1 hour"]);
  });
});
