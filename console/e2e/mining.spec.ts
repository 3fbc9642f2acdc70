import type { Page } from "@playwright/test";
import { expect, holds, settled, test, visit } from "./base";

// mined starts a run over one system and waits until it has found something.
async function mined(page: Page, system: string): Promise<void> {
  await visit(page, "/roles/mining");
  await page.getByRole("combobox", { name: "Systems" }).fill(system);
  await page.getByRole("option", { name: system, exact: true }).click();
  await page.keyboard.press("Escape");
  await page.getByRole("combobox", { name: "Time to look" }).click();
  await page.getByRole("option", { name: "10 seconds" }).click();
  await page.getByRole("button", { name: "Mine", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: /Which of these \d+ are roles/ })).toBeVisible({ timeout: 60_000 });
  await settled(page);
}

const table = (page: Page) => page.getByRole("table", { name: "Candidates" });

test("whoever does not read others' access finds no way to the workbench, and audit mines nothing", async ({ all }) => {
  for (const who of ["employee", "security_operations", "platform_owner"] as const) {
    const page = await all.as(who);
    await page.goto("/roles/mining");
    await expect(page.getByText("This is not for your function")).toBeVisible();
  }
  const audit = await all.as("audit");
  await visit(audit, "/roles");
  await audit.getByRole("link", { name: "Mining workbench" }).click();
  await expect(audit.getByRole("button", { name: /^Mine/ })).toHaveAttribute("aria-disabled", "true");
});

test("a run is started, followed, stopped, and fails with its reason", async ({ all }) => {
  const page = await all.as("iam");
  await visit(page, "/roles/mining");
  await expect(page.getByText("Nothing was mined yet")).toBeVisible();
  await holds(page, "mining workbench empty");
  await page.getByRole("combobox", { name: "Time to look" }).click();
  await page.getByRole("option", { name: "10 minutes" }).click();
  await page.getByText("The simplest", { exact: true }).click();
  await page.locator("summary").click();
  await page.getByRole("textbox", { name: "Repeat, slightly changed" }).fill("10");
  await page.getByRole("button", { name: "Mine", exact: true }).click();
  await expect(page.getByRole("heading", { level: 2, name: "It is looking" })).toBeVisible();
  await expect(page.getByRole("list", { name: "Progress" }).locator("[aria-current=step]")).toHaveCount(1);
  await holds(page, "mining running");
  await page.getByRole("button", { name: "Stop it" }).click();
  await expect(page.getByText("It was stopped")).toBeVisible();
  await holds(page, "mining stopped");
  await page.getByRole("link", { name: "Back to the workbench" }).click();
  await expect(page.getByRole("link", { name: /\d+ systems/ })).toContainText("Stopped");
  await page.getByRole("textbox", { name: "Only people of one unit" }).fill("No such unit");
  await page.getByRole("button", { name: "Mine", exact: true }).click();
  await expect(page.getByText(/Nobody holds anything there/)).toBeVisible();
  await holds(page, "mining failed");
});

test("candidates are sorted, narrowed, and one is looked at in its picture by keyboard", async ({ all }) => {
  const page = await all.as("iam");
  await mined(page, "erp-finance");
  await expect(page.getByText("proven: no set of roles has fewer")).toBeVisible();
  await holds(page, "mining candidates");
  for (const name of ["Support", "Fit", "Redundant"]) {
    await page.getByRole("button", { name, exact: true }).click();
    await expect(page.getByRole("columnheader", { name })).toHaveAttribute("aria-sort", "ascending");
    await settled(page);
  }
  const redundant = await table(page).getByRole("row").locator("td[data-label=Redundant]").allInnerTexts();
  const numbers = redundant.map((n) => Number(n.replaceAll(",", "")));
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  await page.getByRole("textbox", { name: "Name or rule" }).fill("nothing is called so");
  await expect(page.getByText("No candidate fits")).toBeVisible();
  await page.goto(page.url().replace(/\?.*/, ""));
  await settled(page);
  await table(page).getByRole("link").first().click();
  const grid = page.getByRole("grid", { name: "Who holds what" });
  await expect(grid).toBeVisible();
  await expect(page.getByText("nobody gains anything")).toBeVisible();
  await holds(page, "mining candidate");
  const cell = grid.getByRole("gridcell").first();
  await expect(cell).toHaveAccessibleName(/held, and the role gives it$/);
  await cell.focus();
  const before = await page.locator("[data-cell]:focus").getAttribute("data-cell");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("End");
  await expect(page.locator("[data-cell]:focus")).toHaveCount(1);
  await page.keyboard.press("Home");
  expect(await page.locator("[data-cell]:focus").getAttribute("data-cell")).toBe(before);
});

test("a candidate is changed, adopted, published, and its people are migrated with the proof", async ({ all }) => {
  const page = await all.as("iam");
  await mined(page, "corp-directory");
  const run = page.url();
  await table(page).getByRole("link").first().click();
  const gives = page.getByRole("list", { name: "What it gives" });
  await expect(gives).toBeVisible();
  const left = gives.getByRole("button", { name: /^Leave out/ });
  const had = await gives.getByRole("listitem").count();

  // Something new would be gained; leaving it out again gains nothing.
  await page.getByRole("combobox", { name: "Add an entitlement" }).fill("Requisition");
  await page.getByRole("option", { name: /^Requisition/ }).first().click();
  await expect(page.getByText("access that members do not have")).toBeVisible();
  await holds(page, "mining candidate with something new");
  await page.getByRole("button", { name: "Leave out Requisition" }).click();
  await expect(page.getByText("nobody gains anything")).toBeVisible();
  if (had > 1) {
    await left.first().click();
    await expect(gives.getByRole("button", { name: /^Take .* back in/ })).toBeVisible();
    await page.getByRole("button", { name: "Undo the change" }).click();
    await expect(gives.getByRole("listitem")).toHaveCount(had);
  }
  await page.getByRole("button", { name: "Make it a draft" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Name" }).fill("Everyday tools");
  await dialog.getByRole("combobox", { name: "Answers for it" }).fill("devika");
  await page.getByRole("option", { name: /Devika/ }).click();
  await holds(page, "mining adopt");
  await dialog.getByRole("button", { name: "Make it a draft" }).click();
  await expect(page.getByRole("heading", { level: 1, name: /Everyday tools/ })).toBeVisible();
  const role = page.url().replace(/\?.*/, "");
  await page.getByRole("button", { name: "Submit for review" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Submit for review" }).click();
  await expect(page.getByText("In review").first()).toBeVisible();
  await page.goto(run);
  await page.goto(`${run.replace(/\?.*/, "")}?state=adopted`);
  await expect(table(page).getByRole("row", { name: /Adopted/ })).toHaveCount(1);

  const head = await all.as("head");
  await head.goto(role);
  await head.getByRole("button", { name: /^Approve/ }).click();
  await head.getByRole("dialog").getByRole("button", { name: "Approve" }).click();
  await expect(head.getByRole("button", { name: "Publish" })).toBeVisible();
  await head.getByRole("button", { name: "Publish" }).click();
  await head.getByRole("dialog").getByRole("button", { name: /^Publish/ }).click();
  await expect(head.getByText("Version 1").first()).toBeVisible();

  await page.goto(role);
  await page.getByRole("link", { name: "Migrate people" }).click();
  await expect(page.getByRole("region", { name: "The proof that nobody gains or loses" })).toContainText("The same");
  await holds(page, "role migration");
  await page.getByRole("button", { name: /^Migrate \d+ people/ }).click();
  await page.getByRole("textbox", { name: "Why?" }).fill("They have it already");
  await page.getByRole("dialog").getByRole("button", { name: "Migrate", exact: true }).click();
  await expect(page.getByText(/Nobody gained or lost anything/)).toBeVisible();
  await expect(page.getByText("There is nobody to migrate")).toBeVisible();
  await holds(page, "role migrated");
});

test("what is rejected stays so in the next run, until it is proposed again", async ({ all }) => {
  const page = await all.as("iam");
  await mined(page, "crm");
  const first = table(page).getByRole("link").first();
  const name = await first.innerText();
  await first.click();
  await page.getByRole("button", { name: "Reject" }).click();
  await page.getByRole("textbox", { name: "Why is it no role?" }).fill("A coincidence");
  await page.getByRole("dialog").getByRole("button", { name: "Reject it" }).click();
  await expect(page.getByText("“A coincidence”")).toBeVisible();
  await holds(page, "mining rejected");
  await mined(page, "crm");
  await page.goto(`${page.url()}?state=rejected`);
  await table(page).getByRole("link", { name, exact: true }).click();
  await page.getByRole("button", { name: "Propose it again" }).click();
  await page.getByRole("textbox", { name: "Why may it be a role after all?" }).fill("It is one");
  await page.getByRole("dialog").getByRole("button", { name: "Propose it again" }).click();
  await expect(page.getByRole("button", { name: "Make it a draft" })).toBeVisible();
});
