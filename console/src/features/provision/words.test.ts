import { expect, test } from "vitest";
import { account, atWork, counted, remedy, wanted, what } from "./words";

test("an operation is said in words, with the names that may be seen", () => {
  const names = { ent_1: "Clerk", res_1: "Ledger" };
  expect(what({ kind: "grant", entitlement: "ent_1" }, names)).toBe("Give Clerk");
  expect(what({ kind: "revoke", entitlement: "ent_1", resource: "res_1" }, names)).toBe("Take away Clerk on Ledger");
  expect(what({ kind: "grant", entitlement: "ent_2" }, names)).toBe("Give an entitlement");
  expect(what({ kind: "disable_account", undo: true }, names)).toBe("Take back: disable the account");
  expect(what({ kind: "rotate_key" }, names)).toBe("Rotate key");
});

test("an account is called as it is, and as it will be", () => {
  const o = { id: "opn_1", run: "prv_1", kind: "create_account", system: "sys_1", state: "planned", attempts: 0, planned_at: "" };
  expect(account({ ...o, account: "acc_1" }, { acc_1: "ana" })).toBe("ana");
  expect(account({ ...o, login: "ben" }, {})).toBe("ben");
  expect(account(o, {})).toBe("a new account");
});

test("what an account is to have is said by name", () => {
  expect(wanted({ set: { name: "Ben", email: "ben@example.com", phone: "" } })).toBe("email ben@example.com, name Ben, phone empty");
  expect(wanted({})).toBe("");
});

test("what does not get on says what to do, and what is done does not", () => {
  expect(remedy({ code: "login-taken", state: "dead" })).toMatch(/another login/);
  expect(remedy({ code: "never-heard-of", state: "dead" })).toMatch(/resume it, or cancel it/);
  expect(remedy({ code: "by-hand", state: "held" })).toMatch(/approves its run first/);
  expect(remedy({ state: "verified" })).toBeUndefined();
  expect(atWork({ state: "waiting" })).toBe(true);
  expect(atWork({ state: "dead" })).toBe(false);
});

test("counts are in the order in which they are worth a look", () => {
  expect(counted({ verified: 3, dead: 1, held: 0 })).toEqual([{ state: "dead", n: 1 }, { state: "verified", n: 3 }]);
});
