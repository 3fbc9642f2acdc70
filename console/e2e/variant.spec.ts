import type { Page } from "@playwright/test";
import { expect, holds, settled, test } from "./base";

// pick chooses where a value comes from.
async function pick(page: Page, label: string, option: RegExp): Promise<void> {
  await page.getByRole("combobox", { name: label }).click();
  await page.getByRole("option", { name: option }).click();
}

test("a rule gives each person the variants of a role that fit them, and says which values have none", async ({ all }) => {
  const page = await all.as("iam");
  await page.goto("/birthrights/new");
  await settled(page);
  await page.getByLabel("Name").fill("sites");
  await page.getByLabel("Whom it is for").fill('identity.unit in ["Treasury", "Payroll"]');
  await page.getByRole("combobox", { name: "What it gives" }).fill("Member of a site");
  await page.getByRole("option", { name: "Member of a site, a role" }).click();
  const choice = page.getByRole("group", { name: "Variants of Member of a site" });
  await expect(choice.getByRole("combobox", { name: "Where site comes from" })).toHaveValue("Choose");
  await page.getByRole("button", { name: "See what would change" }).click();
  await expect(page.getByRole("region", { name: "Values without a variant" })).toContainText("Say what site of Member of a site is for everybody");

  await pick(page, "Where site comes from", /Their unit/);
  await page.getByRole("button", { name: "See what would change" }).click();
  const without = page.getByRole("region", { name: "Values without a variant" });
  await expect(without.getByRole("row", { name: /Treasury/ })).toContainText("site from their unit");
  await holds(page, "a rule that chooses variants");

  await pick(page, "Where site comes from", /An attribute of the sources/);
  await expect(page.getByRole("button", { name: "See what would change" })).toBeDisabled();
  await page.getByLabel("Which attribute").fill("site");
  await page.getByRole("button", { name: "See what would change" }).click();
  await expect(without.getByRole("row", { name: /None/ })).toContainText("site from site");

  await pick(page, "Where site comes from", /^izmir$/);
  await page.getByRole("button", { name: "See what would change" }).click();
  await expect(without).toHaveCount(0);
  await expect(page.getByRole("region", { name: "By entitlement" })).toContainText("site-izmir");
  await page.getByLabel("Why?").fill("They have moved there");
  await page.getByRole("button", { name: "Keep the rule, observing" }).click();
  await expect(page.getByRole("heading", { name: "Who has something by sites?" })).toBeVisible();
  await expect(page.getByRole("region", { name: "The rule" })).toContainText("site izmir");

  await page.getByRole("button", { name: "Change it" }).click();
  await pick(page, "Where site comes from", /Their unit/);
  await page.getByRole("button", { name: "See what would change" }).click();
  await page.getByLabel("Why?").fill("Each where they are");
  await page.getByRole("button", { name: "Keep the change" }).click();
  await expect(page.getByRole("region", { name: "The rule" }).getByText("site from their unit")).toBeVisible();
  await expect(page.getByRole("region", { name: "Whom it is for now" })).toContainText("No variant is for these values");
  await holds(page, "a rule with values without a variant");

  // A plain role is given as it is, and what is taken out is not given.
  await page.getByRole("button", { name: "Change it" }).click();
  await page.getByRole("button", { name: "Do not give Member of a site" }).click();
  await page.getByRole("combobox", { name: "What it gives" }).fill("Remote work");
  await page.getByRole("option", { name: "Remote work, a role" }).click();
  await expect(page.getByRole("group", { name: /Variants of/ })).toHaveCount(0);
  await page.getByRole("button", { name: "See what would change" }).click();
  await page.getByLabel("Why?").fill("They work from home");
  await page.getByRole("button", { name: "Keep the change" }).click();
  await expect(page.getByRole("region", { name: "The rule" }).getByRole("link", { name: "Remote work" })).toBeVisible();
});

test("a draft says where rules take a parameter from, and what that would change", async ({ all }) => {
  const page = await all.as("iam");
  await page.goto("/roles");
  await settled(page);
  await page.getByRole("table", { name: "Roles" }).getByRole("link", { name: "Member of a site", exact: true }).click();
  await page.getByRole("link", { name: /Edit/ }).or(page.getByRole("button", { name: /^Edit the draft|^Edit/ })).first().click();
  const source = page.getByRole("combobox", { name: "Where birthright rules take site from" });
  await expect(source).toHaveValue("Each rule says");
  await pick(page, "Where birthright rules take site from", /An attribute of the sources/);
  await page.getByLabel("Which attribute").fill("site");
  await holds(page, "a parameter and where it comes from");
  await page.getByRole("button", { name: "Save the draft" }).click();
  await expect(page.getByText("Everything is saved.")).toBeVisible();
  await page.reload();
  await settled(page);
  await expect(source).toHaveValue("An attribute of the sources");
  await expect(page.getByLabel("Which attribute")).toHaveValue("site");
});
