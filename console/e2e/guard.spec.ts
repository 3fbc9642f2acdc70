import { expect, holds, settled, test } from "./base";

test("when a step is held is set by whoever may, with a reason", async ({ all }) => {
  const auditor = await all.as("audit");
  await auditor.goto("/birthrights");
  await settled(auditor);
  await expect(auditor.getByRole("region", { name: "When a step is held" }).getByRole("button", { name: /Change is not possible/ })).toBeVisible();
  const page = await all.as("iam");
  await page.goto("/birthrights");
  await settled(page);
  const guard = page.getByRole("region", { name: "When a step is held" });
  await expect(guard).toContainText("more than 120 people");
  await expect(guard).toContainText("“many tests share this company”");
  await guard.getByRole("button", { name: "Change" }).click();
  const dialog = page.getByRole("dialog", { name: "When is a step held?" });
  await dialog.getByLabel("Held above this many people").fill("140");
  const share = dialog.getByLabel("and above this share of those whom rules are for, in percent");
  await share.fill("100");
  await expect(dialog.getByText("nothing would ever be held")).toBeVisible();
  await share.fill("12.5");
  await expect(dialog.getByText("nothing would ever be held")).toHaveCount(0);
  await expect(dialog.getByRole("button", { name: "Set these numbers" })).toBeDisabled(); // without a reason
  await dialog.getByLabel("Why?").fill("Two departments become one this week");
  await holds(page, "the guard is changed");
  await dialog.getByRole("button", { name: "Set these numbers" }).click();
  await expect(guard.getByText("more than 140 people")).toBeVisible();
  await expect(guard).toContainText("more than 12.5 %");
  const first = guard.getByRole("row").nth(1);
  await expect(first).toContainText("“Two departments become one this week”");
  await expect(first).toContainText("in force");
  await holds(page, "the guard was changed");
});

test("for whom a mapping fails is on its page", async ({ all }) => {
  const page = await all.as("iam");
  await page.goto("/mappings");
  await page.getByRole("link", { name: "workplace" }).click();
  const failing = page.getByRole("region", { name: "It fails for 1 now" });
  await expect(failing).toContainText("Mira Okafor-Lund");
  await holds(page, "a mapping that fails");
  await failing.getByRole("link", { name: "Mira Okafor-Lund" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Mira Okafor-Lund");
});
