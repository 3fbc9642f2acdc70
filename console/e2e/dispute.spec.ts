import { expect, holds, test, visit } from "./base";

test("a disputed account is decided by keyboard, and the next one comes", async ({ all }) => {
  const page = await all.as("iam");
  await visit(page, "/disputes");
  const waiting = page.getByText(/accounts? waits? for a decision/);
  await expect(page.getByText("this is 1 of 3")).toBeVisible();
  await page.keyboard.press("j");
  await expect(page.getByText("this is 2 of 3")).toBeVisible();
  await page.keyboard.press("k");
  await page.keyboard.press("1");
  await expect(page.getByRole("textbox", { name: /How do you know that it is Kwame Rousseau/ })).toBeFocused();
  await page.keyboard.type("He has shown me his login");
  await holds(page, "dispute chosen");
  await page.getByRole("textbox", { name: /How do you know/ }).focus();
  await page.keyboard.press("Control+Enter");
  await expect(page.getByRole("status").filter({ hasText: "as you decided" })).toContainText("u40000");
  await expect(page.getByText("this is 1 of 2")).toBeVisible();
  await expect(waiting).toBeVisible();

  await page.keyboard.press("0");
  await page.keyboard.type("A leftover of the migration");
  await page.getByRole("button", { name: "It is nobody’s" }).click();
  await expect(page.getByText("this is 1 of 1")).toBeVisible();
});

test("whoever may not decide sees why, and an employee no such page", async ({ all }) => {
  const audit = await all.as("audit");
  await audit.goto("/disputes");
  await expect(audit.getByText("Others decide this")).toBeVisible();
  const page = await all.as("employee");
  await expect(page.getByRole("link", { name: "Disputes" })).toHaveCount(0);
  await page.goto("/disputes");
  await expect(page.getByText("This is not for your function")).toBeVisible();
});

test("a rule observes, is enforced, and is removed", async ({ all }) => {
  const page = await all.as("iam");
  await visit(page, "/correlation");
  await page.getByRole("button", { name: "Add a rule" }).first().click();
  await page.getByRole("textbox", { name: "Name" }).fill("old-numbers");
  await page.getByRole("textbox", { name: "Expression" }).fill('account.login.startsWith("u48500") ? "E0000172" : ""');
  await page.getByRole("textbox", { name: "Why?" }).fill("The ERP kept its old numbers");
  await page.getByRole("button", { name: "Add it" }).click();
  await expect(page.getByText("Observes: it links nothing")).toBeVisible();
  await expect(page.getByText(/If it were enforced,/)).toBeVisible();
  await holds(page, "correlation rule");
  await page.getByRole("button", { name: "Enforce it" }).click();
  await page.getByRole("textbox", { name: "Why?" }).fill("It is right");
  await page.getByRole("dialog").getByRole("button", { name: "Enforce it" }).click();
  await expect(page.getByText("Enforced: it links accounts")).toBeVisible();
  await page.getByRole("button", { name: "Remove it" }).click();
  await page.getByRole("textbox", { name: "Why?" }).fill("Over");
  await page.getByRole("dialog").getByRole("button", { name: "Remove it" }).click();
  await expect(page.getByText("There is no rule of your own")).toBeVisible();
});
