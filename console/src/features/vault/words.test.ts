import { describe, expect, test } from "vitest";
import { kindOf, outWords, room, takes, thing, versionWords } from "./words";

describe("the words of the vault", () => {
  test("how much longer something may be out", () => {
    expect(room(60, "2027-01-01T10:00:00Z", "2027-01-01T10:30:00Z")).toBe(30);
    expect(room(60, "2027-01-01T10:00:00Z", "2027-01-01T11:00:00Z")).toBe(0);
    expect(room(60, "2027-01-01T10:00:00Z", "2027-01-01T12:00:00Z")).toBe(0);
    expect(room(60, undefined, undefined)).toBe(0);
  });

  test("things are called what they are called, and know their page", () => {
    expect(thing("idn_0000000000001", { idn_0000000000001: "Ada" })).toEqual({ id: "idn_0000000000001", type: "identity", name: "Ada" });
    expect(thing("safe_0000000000001", {})).toMatchObject({ type: "safe", name: "safe_0000000000001" });
    expect(thing("new_1", undefined).type).toBe("");
  });

  test("what terms take, and what is not known yet", () => {
    expect(takes({ most_minutes: 60 })).toBe("nothing more");
    expect(takes({ most_minutes: 60, reason: true, stages: [{ quorum: 2, within_minutes: 60, approvers: [{ owner: true }] }] })).toBe("a reason, 2 yeses from its owner");
    expect([kindOf("new").label, outWords("new").label, versionWords("new").label]).toEqual(["new", "new", "new"]);
  });
});
