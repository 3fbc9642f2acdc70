import { expect, test } from "vitest";
import { bodyOf, changesOf, hidesSome, nothing, renamed, sameAs, without, type Typed } from "./draft";

const part = (id: string, type = "entitlement", when?: Record<string, string>) => ({ part: { id, type, name: id }, when });
const of = (changes: Partial<Typed>): Typed => ({ ...nothing, name: "Buyer", ...changes });

test("a draft is told as the API wants it: parts by what they are, nothing that is empty", () => {
  expect(bodyOf(of({ name: " Buyer ", parts: [part("ent_1"), part("rol_1", "role", { site: "lyon" }), part("ent_2", "entitlement", {})] }))).toEqual({
    name: "Buyer", kind: "business", description: undefined, owner: undefined, parameters: [],
    parts: [{ entitlement: "ent_1", when: undefined }, { role: "rol_1", when: { site: "lyon" } }, { entitlement: "ent_2", when: undefined }],
  });
});

test("the order of parts and values changes nothing, a value that a part hangs on does", () => {
  const a = of({ parts: [part("1"), part("2")], parameters: [{ name: "site", values: ["a", "b"] }] });
  expect(sameAs(a, of({ parts: [part("2"), part("1")], parameters: [{ name: "site", values: ["b", "a"] }] }))).toBe(true);
  expect(sameAs(a, of({ parts: [part("1"), part("2", "entitlement", { site: "a" })], parameters: a.parameters }))).toBe(false);
  expect(sameAs(a, { ...a, owner: { id: "idn_1", name: "Ana" } })).toBe(false);
});

test("a parameter is renamed and taken away with what hangs on it", () => {
  const a = of({ parameters: [{ name: "site", values: ["lyon"] }, { name: "team", values: ["x"] }], parts: [part("1", "entitlement", { site: "lyon", team: "x" })] });
  expect(renamed(a, 0, "place").parts[0]!.when).toEqual({ place: "lyon", team: "x" });
  expect(without(a, 0).parts[0]!.when).toEqual({ team: "x" });
  expect(without(a, 0).parameters.map((p) => p.name)).toEqual(["team"]);
});

test("what a draft changes is told by part and by word", () => {
  const before = { name: "Buyer", kind: "business", parameters: [], parts: [part("1"), part("2")] };
  const after = { ...before, description: "Orders", parts: [part("2"), part("3")] };
  const { added, removed, said } = changesOf(before, after);
  expect([added[0]!.part.id, removed[0]!.part.id, said]).toEqual(["3", "1", [["Description", "", "Orders"]]]);
  expect(changesOf(before, before)).toEqual({ added: [], removed: [], said: [] });
});

test("a role of which somebody may not see all is told apart, so that nobody takes away what they do not see", () => {
  const hidden = { id: "", type: "identity", name: "", hidden: true };
  const told = { name: "x", kind: "business", parameters: null, parts: [part("1")] };
  expect(hidesSome(told)).toBe(false);
  expect(hidesSome({ ...told, owner: hidden })).toBe(true);
  expect(hidesSome({ ...told, parts: [part("1"), { part: hidden }] })).toBe(true);
});
