import { expect, test } from "vitest";
import { choicesOf } from "./scopes";

const may = (allowed: boolean) => ({ "system.add": { allowed } });
const scope = (id: string, name: string, parent: string | undefined, allowed: boolean) => ({ id, name, parent, version: 1, may: may(allowed) });

test("a system may be added where one may add one, which is called by what it lies in", () => {
  const items = [scope("scp_2", "Sales", "scp_1", true), scope("scp_1", "Europe", undefined, false), scope("scp_3", "Asia", undefined, true)];
  expect(choicesOf({ items, may: may(false) })).toEqual([{ value: "scp_3", label: "Asia" }, { value: "scp_2", label: "Europe / Sales" }]);
  expect(choicesOf({ items: [], may: may(true) })).toEqual([{ value: "", label: "The organisation" }]);
  expect(choicesOf(undefined)).toEqual([]);
});
