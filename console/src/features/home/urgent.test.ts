import { expect, test } from "vitest";
import { urgent } from "./urgent";

test("what is critical comes first, then what is late, then what was first", () => {
  const totals = [{ function: "iam", severity: "critical", count: 1 }, { function: "audit", severity: "high", count: 9 }];
  const dues = [{ function: "platform_owner", due: "overdue", count: 2 }, { function: "audit", due: "later", count: 9 }];
  expect(urgent(["audit", "security_operations", "platform_owner", "iam"], totals, dues)).toEqual(["iam", "platform_owner", "audit", "security_operations"]);
  expect(urgent([], [], [])).toEqual([]);
});
