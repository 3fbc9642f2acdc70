import { describe, expect, test } from "vitest";
import type { Candidate } from "./onboard";
import { capital, countWords, covered, found, free, keyOf, kindOf, stateWords, tierWords } from "./words";

const of = (account: string, more: Partial<Candidate> = {}): Candidate => ({ kind: "password", system: "sys_1", account, tier: 0, why: ["it gives access of tier 0"], consumers: 1, usage_known: false, ...more });

describe("what lies in no safe", () => {
  test("what can be taken over is each account once, and nothing that a person has to do", () => {
    expect(free([of("acc_1"), of("acc_1", { kind: "ssh_key" }), of("acc_2", { not: "its system is a draft" }), { ...of(""), kind: "embedded", place: "res_1" }])).toEqual(["acc_1"]);
    expect(new Set([of("acc_1"), of("acc_1", { kind: "ssh_key" })].map(keyOf)).size).toBe(2);
  });

  test("it is found by its names and by why it is there", () => {
    const list = [of("acc_1"), of("acc_2", { why: ["it is a shared account"] })];
    const names = { acc_1: "postgres", acc_2: "team", sys_1: "app-db" };
    expect(found(list, names, " TEAM").map((c) => c.account)).toEqual(["acc_2"]);
    expect(found(list, names, "shared")).toHaveLength(1);
    expect(found(list, names, "app-db")).toHaveLength(2);
    expect(found(list, names, "")).toHaveLength(2);
  });

  test("it is said as somebody would", () => {
    expect(countWords({ due: 1, proven: 2 })).toBe("2 taken over, 1 its turn comes");
    expect(countWords({})).toBe("nothing");
    expect([tierWords(-1), tierWords(1), capital("it fails"), covered(undefined), covered({ required: 3, in_place: 2 })]).toEqual(["none", "tier 1", "It fails", "not measured", "66% in safes"]);
    expect([kindOf("embedded").label, kindOf("new").label, stateWords("new").label]).toEqual(["Embedded secret", "new", "new"]);
  });
});
