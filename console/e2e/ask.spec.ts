import { expect, holds, settled, test } from "./base";

test("from somebody to what they have, why, and who else has it", async ({ all }) => {
  const page = await all.as("head");
  await page.goto("/identities");
  await page.getByRole("textbox", { name: /Name, or/ }).fill("guang stenberg");
  await page.getByRole("link", { name: "Guang Stenberg" }).first().click();
  await expect(page.getByRole("heading", { level: 1, name: /What does Guang Stenberg have/ })).toBeVisible();
  await holds(page, "an identity");
  await page.getByRole("button", { name: /^Why / }).first().click();
  await expect(page.getByRole("dialog", { name: "Why?" }).getByRole("listitem").first()).toBeVisible();
  await holds(page, "why");
  await page.keyboard.press("Escape");

  await page.getByRole("tab", { name: "Why, drawn" }).click();
  const picture = page.getByRole("group", { name: /The access graph/ });
  const group = picture.getByRole("button", { name: /^\d+ entitlements.*open$/ }).first();
  await group.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Close the group" })).toBeVisible();
  const first = picture.locator("a[data-of]").first();
  await expect(first).toBeFocused(); // the keyboard goes on where the group was
  await holds(page, "a picture with an opened group");
  await first.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: /^Who has / })).toBeVisible();
  await expect(page.getByRole("table", { name: /^Who has / }).getByRole("row").nth(1)).toBeVisible();
  await holds(page, "an entitlement");
});

test("the picture of what hundreds have can be read and walked by keyboard", async ({ all }) => {
  const page = await all.as("head");
  await page.goto("/entitlements");
  await page.getByRole("textbox", { name: /Name, or/ }).fill("mail system:corp-directory");
  await page.getByRole("link", { name: "mail", exact: true }).click();
  await page.getByRole("tab", { name: "Drawn" }).click();
  const picture = page.getByRole("group", { name: /The access graph/ });
  const accounts = picture.getByRole("button", { name: /accounts in corp-directory/ });
  await accounts.focus();
  await page.keyboard.press("Enter");
  await expect(picture.locator("a[data-of]").first()).toBeFocused();
  expect(await picture.locator("a[data-of]").count()).toBeGreaterThan(20);
  const last = picture.locator("a[data-of]").last();
  await last.focus();
  await expect(last).toBeInViewport(); // the picture goes along
  await page.getByText("The same in words").click();
  await expect(page.getByRole("listitem").filter({ hasText: /accounts in corp-directory/ }).first()).toBeVisible();
  await holds(page, "a picture of hundreds");
});

test("an account says whose it is and how that is known", async ({ all }) => {
  const page = await all.as("head");
  await page.goto("/identities");
  await page.getByRole("textbox", { name: /Name, or/ }).fill("guang stenberg");
  await page.getByRole("link", { name: "Guang Stenberg" }).first().click();
  await page.getByRole("tab", { name: /Accounts/ }).click();
  await page.getByRole("tabpanel").getByRole("link").first().click();
  await expect(page.getByRole("heading", { level: 1, name: /^Whose is / })).toBeVisible();
  await expect(page.getByText("Evidence")).toBeVisible();
  await expect(page.getByRole("link", { name: "Guang Stenberg" }).first()).toBeVisible();
  await holds(page, "an account");
  await page.goto("/accounts?orphan=yes");
  await settled(page);
  await holds(page, "accounts of nobody");
});

test("a tier is decided otherwise with a reason and an end, and the facts come back", async ({ all }) => {
  const page = await all.as("head");
  await page.goto("/entitlements");
  await page.getByRole("textbox", { name: /Name, or/ }).fill("printing system:corp-directory");
  await page.getByRole("link", { name: "printing", exact: true }).click();
  await page.getByRole("tab", { name: "Tier and why" }).click();
  await page.getByRole("button", { name: "Override the tier" }).click();
  const dialog = page.getByRole("dialog", { name: "Which tier is right?" });
  await dialog.getByText("Tier 2", { exact: true }).click();
  await dialog.getByLabel("Why?").fill("The printers hold the payslips");
  await holds(page, "a tier is decided");
  await dialog.getByRole("button", { name: "Override it" }).click();
  await expect(page.getByText("The printers hold the payslips").first()).toBeVisible();
  await page.getByRole("button", { name: "Let the facts decide" }).click();
  const undo = page.getByRole("dialog", { name: "Let the facts decide again?" });
  await undo.getByLabel("Why?").fill("They do not");
  await undo.getByRole("button", { name: "Let the facts decide" }).click();
  await expect(page.getByRole("button", { name: "Override the tier" })).toBeVisible();
});
