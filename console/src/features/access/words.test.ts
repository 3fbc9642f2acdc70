import { expect, test } from "vitest";
import { actorName } from "./words";

test("who acted is a person by their name, whoever runs the node, or a part of Writ", () => {
  expect(actorName("idn_0000000000001", { name: "Ana Sol" })).toBe("Ana Sol");
  expect(actorName("operator:0")).toBe("Operator of the node");
  expect(actorName("operator")).toBe("Operator of the node");
  expect(actorName("finding")).toBe("Finding");
  expect(actorName("operator:x")).not.toBe("Operator of the node");
});
