import { expect, holds, settled, test, visit } from "./base";

test("an employee sees no provisioning, and their own first passwords alone", async ({ all }) => {
  const page = await all.as("employee");
  await page.goto("/credentials");
  await settled(page);
  await expect(page.getByText("None waits for you")).toBeVisible();
  await expect(page.getByRole("navigation").getByRole("link", { name: "Birthrights" })).toHaveCount(0);
  await holds(page, "first passwords");
  await page.goto("/provisioning/work");
  await settled(page);
  await expect(page.getByText(/Nothing is to be done by hand|not for your function/)).toBeVisible();
});

test("audit sees what is written, and may not decide on it", async ({ all }) => {
  const page = await all.as("audit");
  await page.goto("/provisioning?state=held");
  await settled(page);
  await page.getByRole("table", { name: "Provisioning runs" }).getByRole("link").first().click();
  await expect(page.getByText("The guard holds this run")).toBeVisible();
  await expect(page.getByRole("button", { name: /Let it go on is not possible/ })).toBeVisible();
});

test("a platform owner sees what is to be done by hand, and cannot tick it off", async ({ all }) => {
  const page = await all.as("platform_owner");
  await visit(page, "/provisioning/work");
  // Whoever makes an account is told its login, and what it is to have.
  const made = page.getByRole("row").filter({ hasText: "Make an account" }).first();
  await expect(made).toContainText(/with email \S+@\S+\.example/);
  await made.getByRole("link").first().click();
  await expect(page.getByRole("heading", { name: /Make an account in code-forge/ })).toBeVisible();
  await expect(page.getByRole("region", { name: "Where it stands" }).getByText(/@\S+\.example/)).toBeVisible();
  await holds(page, "an account to make by hand");
  await page.goBack();
  await page.getByRole("table", { name: "To do by hand" }).getByRole("link").first().click();
  await expect(page.getByText("Nobody ticks it off")).toBeVisible();
  await expect(page.getByRole("button", { name: /Try it again now is not possible/ })).toBeVisible();
  await holds(page, "an operation");
  await page.getByRole("button", { name: "Cancel it" }).click();
  await page.getByLabel("Why is it not to be done?").fill("It is not wanted after all");
  await holds(page, "an operation is cancelled");
  await page.getByRole("button", { name: "Cancel the operation" }).click();
  await expect(page.getByRole("heading", { name: "It was ended" })).toBeVisible();
});

test("identity and access management lets a held run go on, with a reason", async ({ all }) => {
  const page = await all.as("iam");
  await visit(page, "/provisioning");
  await page.getByRole("region", { name: "Held: somebody has to look" }).getByRole("link").first().click();
  await expect(page.getByText("The guard holds this run")).toBeVisible();
  await holds(page, "a held run");
  await page.getByRole("button", { name: "Let it go on" }).click();
  const dialog = page.getByRole("dialog", { name: "Let this run go on" });
  await dialog.getByLabel("Why is it right?").fill("The service desk has a forge of its own");
  await dialog.getByRole("button", { name: "Let it go on" }).click();
  await expect(page.getByText("Was held because")).toBeVisible();
  await visit(page, "/provisioning/operations");
});

test("what may be written to a system at a time is changed by IAM alone", async ({ all }) => {
  const auditor = await all.as("audit");
  await auditor.goto("/systems?q=code-forge");
  await settled(auditor);
  await auditor.getByRole("table").getByRole("link", { name: "code-forge" }).click();
  const limits = (of: typeof auditor) => of.getByRole("region", { name: "What may be written at a time" });
  await expect(limits(auditor).getByRole("button", { name: /Change is not possible/ })).toBeVisible();
  const page = await all.as("iam");
  await page.goto(auditor.url());
  await limits(page).getByRole("button", { name: "Change" }).click();
  await page.getByLabel("Held above this many operations").fill("7");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(limits(page).getByText(/more than 7 times/)).toBeVisible();
});
