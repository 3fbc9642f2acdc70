import { expect, holds, settled, test } from "./base";

test("records are found, opened with their proof, and narrowed from there", async ({ all }) => {
  const page = await all.as("audit");
  await page.goto("/audit");
  await settled(page);
  await page.getByRole("textbox", { name: /^Action/ }).fill("function.assign");
  const table = page.getByRole("table", { name: "Audit records" });
  await expect(table.getByRole("button", { name: "Signin begin" })).toHaveCount(0);
  await table.getByRole("button", { name: "Function assign" }).first().click();
  const record = page.getByRole("dialog", { name: /^Record / });
  await expect(record.getByText("In the signed tree")).toBeVisible();
  await holds(page, "a record");
  await record.getByRole("button", { name: "All to the same" }).click();
  await expect(page).toHaveURL(/object=idn_/);
  await page.getByRole("button", { name: "Records to others too" }).click();
  await expect(page).not.toHaveURL(/object=/);
  await page.getByRole("textbox", { name: /^Action/ }).fill("nothing.such");
  await expect(page.getByText("No record fits")).toBeVisible();
  await holds(page, "no record fits");
});

test("what somebody else does appears by itself", async ({ all }) => {
  const other = await all.as("platform_owner");
  const page = await all.as("audit");
  await page.goto("/audit?action=signin.&live=1");
  const begun = page.getByRole("button", { name: "Signin begin" });
  await expect(begun.first()).toBeVisible();
  const before = await begun.count();
  await other.goto("/");
  await other.getByRole("button", { name: /you, and how this looks/i }).click();
  await other.getByRole("menuitem", { name: "Sign out" }).click();
  await other.getByRole("button", { name: "Sign in with a passkey" }).click();
  await expect(begun).toHaveCount(before + 1);
  await page.getByRole("switch", { name: "Live" }).click({ force: true });
  await expect(page).not.toHaveURL(/live/);
});

test("the record is checked, and what was found is said", async ({ all }) => {
  const page = await all.as("audit");
  await page.goto("/audit");
  await page.getByRole("button", { name: "Check it now" }).click();
  await expect(page.getByText("The record is whole")).toBeVisible();
  await expect(page.getByText(/signed checkpoints hold together/)).toBeVisible();
  const coming = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export" }).click();
  expect((await coming).suggestedFilename()).toMatch(/\.jsonl$/);
});

test("whoever may not see it is told so, and a lost connection too", async ({ all }) => {
  const employee = await all.as("employee");
  await employee.goto("/audit");
  await expect(employee.getByText("This is not for your function").first()).toBeVisible();
  await holds(employee, "audit without the function");
  const page = await all.as("audit");
  await page.route("**/v1/audit?**", (route) => route.abort());
  await page.goto("/audit?action=signin.");
  await expect(page.getByText("Writ does not answer").first()).toBeVisible();
  await holds(page, "audit without a connection");
  await page.unroute("**/v1/audit?**");
  await page.getByRole("button", { name: "Try again" }).first().click();
  await expect(page.getByRole("table", { name: "Audit records" })).toBeVisible();
});
