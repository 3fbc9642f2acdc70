import type { Page } from "@playwright/test";
import { expect, holds, settled, test } from "./base";

const port = process.env.E2E_POSTGRES ?? "";
const name = "orders-db";
const password = "not-to-be-seen";

async function reach(page: Page, at: string) {
  await page.getByRole("textbox", { name: "Address" }).fill(`postgres://auditor@127.0.0.1:${at}/postgres`);
  await page.getByRole("radio", { name: /that I give now/ }).check();
  await page.getByRole("textbox", { name: "Password or key" }).fill(password);
}

async function goOn(page: Page, button: string | RegExp, heading: string) {
  await page.getByRole("button", { name: button }).click();
  await expect(page.getByRole("heading", { level: 1, name: heading })).toBeVisible();
}

// One story: each test goes on with the system that the first has added.
test.describe.serial("a system of one's own", () => {
  test("a system is added step by step, and nothing is lost on the way", async ({ all }) => {
    const page = await all.as("head");
    await page.goto("/systems");
    await page.getByRole("button", { name: "Add a system" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Which system should Writ read?" })).toBeVisible();
    await settled(page);
    await page.getByRole("textbox", { name: "Name" }).fill(name);
    await page.getByRole("combobox", { name: "Kind" }).click();
    await page.getByRole("option", { name: "PostgreSQL cluster" }).click();
    await reach(page, "1");
    await holds(page, "system new");
    await expect(page.getByRole("textbox", { name: "Name" })).toHaveValue(name);
    await page.reload();
    await expect(page.getByRole("textbox", { name: "Name" })).toHaveValue(name);
    await expect(page.getByRole("textbox", { name: "Password or key" })).toHaveValue("");
    await page.getByRole("textbox", { name: "Password or key" }).fill(password);

    await goOn(page, "Keep it and go on", "Who answers for it");
    await expect(page).toHaveURL(/\/systems\/sys_\w+\/setup\?step=who/);
    await expect(page.getByRole("button", { name: "Keep it and go on" })).toBeDisabled();
    await page.getByRole("combobox", { name: "Technical owner" }).pressSequentially("Sabine Quir");
    await page.getByRole("option", { name: /Sabine Quiroga/ }).first().click();
    await goOn(page, "Keep it and go on", "Can Writ sign in?");

    await page.getByRole("button", { name: "Test the connection" }).click();
    await expect(page.getByRole("alert")).toContainText("Check the host and the port");
    await holds(page, "system test failed");
    await page.getByRole("link", { name: "Change the address or credential" }).click();
    await page.getByRole("textbox", { name: "Address" }).fill(`postgres://auditor@127.0.0.1:${port}/postgres`);
    await expect(page.getByRole("button", { name: "Keep it and go on" })).toBeDisabled(); // the password goes to no other address
    await reach(page, port);
    await goOn(page, "Keep it and go on", "Who answers for it");
    await goOn(page, "Keep it and go on", "Can Writ sign in?");
    await page.getByRole("button", { name: /Test/ }).last().click();
    await expect(page.getByText("Writ can sign in", { exact: false }).first()).toBeVisible();

    await page.goto(page.url().replace(/\?.*/, "")); // whoever comes back goes on where it stands
    await expect(page.getByRole("heading", { level: 1, name: "What would a first sync find?" })).toBeVisible();
    await page.getByRole("button", { name: "Begin the dry run" }).click();
    await expect(page.getByRole("table", { name: "What a sync would change" })).toBeVisible({ timeout: 20_000 });
    await goOn(page, "Go on", "Whose would the accounts be?");
    await expect(page.getByText("squiroga").first()).toBeVisible();
    await holds(page, "system accounts");
    await goOn(page, "Go on", "What would be privileged, and why?");
    await expect(page.getByText("Tier 0").first()).toBeVisible();
    await goOn(page, "Go on", "When is it read?");
    await page.getByRole("combobox", { name: "How often" }).click();
    await page.getByRole("option", { name: "Every hour" }).click();
    await goOn(page, "Keep it and go on", "Is this system to be read from now on?");
    await goOn(page, `Activate ${name}`, `Is what is known of ${name} current?`);
    await expect(page.getByText("Good", { exact: true })).toBeVisible({ timeout: 20_000 });
    await holds(page, "system");
    expect(await page.content()).not.toContain(password);
  });

  test("maintenance begins with a reason and ends by a button", async ({ all }) => {
    const page = await all.as("head");
    await page.goto("/systems?q=orders");
    await page.getByRole("link", { name }).click();
    await page.getByRole("button", { name: "Maintenance" }).click();
    await page.getByRole("textbox", { name: "Why?" }).fill("the cluster moves");
    await page.getByRole("button", { name: "Begin maintenance" }).click();
    await expect(page.getByText("In maintenance: it is read again")).toBeVisible();
    await page.goto("/systems?q=orders");
    await expect(page.getByRole("table").getByText("the cluster moves")).toBeVisible();
    await page.getByRole("link", { name }).click();
    await page.getByRole("button", { name: "End the maintenance" }).click();
    await expect(page.getByText("In maintenance: it is read again")).toHaveCount(0);
  });

  test("two tabs change one system, and the slower one keeps what was typed", async ({ all }) => {
    const page = await all.as("head");
    const other = await page.context().newPage();
    for (const tab of [page, other]) {
      await tab.goto("/systems?q=orders");
      await tab.getByRole("link", { name }).click();
      await tab.getByRole("button", { name: "Change" }).first().click();
      await tab.getByRole("combobox", { name: "Environment" }).click();
      await tab.getByRole("option", { name: tab === page ? "Staging" : "Development" }).click();
    }
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await other.getByRole("button", { name: "Save" }).click();
    await expect(other.getByRole("dialog").getByRole("alert")).toContainText("Somebody changed this system meanwhile");
    await expect(other.getByRole("combobox", { name: "Environment" })).toHaveValue("Development");
    await other.getByRole("button", { name: "Save" }).click();
    await expect(other.getByRole("dialog")).toHaveCount(0);
    await expect(other.getByText("Development", { exact: true })).toBeVisible();
    await other.close();
  });
});

test("a draft is deleted by its name", async ({ all }) => {
  const page = await all.as("iam");
  await page.goto("/systems/new");
  await page.getByRole("textbox", { name: "Name" }).fill("a mistake");
  await page.getByRole("combobox", { name: "Kind" }).click();
  await page.getByRole("option", { name: "PostgreSQL cluster" }).click();
  await reach(page, "1");
  await goOn(page, "Keep it and go on", "Who answers for it");
  await page.getByRole("link", { name: "a mistake" }).click();
  await holds(page, "system draft");
  await page.getByRole("button", { name: "Delete the draft" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("button", { name: "Delete the draft" })).toBeDisabled();
  await dialog.getByRole("textbox").fill("a mistake");
  await dialog.getByRole("button", { name: "Delete the draft" }).click();
  await expect(page.getByRole("heading", { level: 1, name: /What does Writ read/ })).toBeVisible();
  await expect(page.getByRole("link", { name: "a mistake" })).toHaveCount(0);
});

test("whoever may not change systems is told so", async ({ all }) => {
  const audit = await all.as("audit");
  await audit.goto("/systems?q=workplace");
  await expect(audit.getByRole("button", { name: /Add a system is not possible/ })).toBeVisible();
  await audit.getByRole("link", { name: "workplace" }).click();
  await expect(audit.getByRole("heading", { level: 1, name: /workplace/ })).toBeVisible();
  for (const button of ["Maintenance", "Read it now", "Change"]) {
    await expect(audit.getByRole("button", { name: new RegExp(`${button} is not possible`) }).first()).toHaveAttribute("aria-disabled", "true");
  }
  await audit.goto("/systems/new");
  await expect(audit.getByText("This is not for your function")).toBeVisible();
});

test("the list is sorted, and saved whole", async ({ all }) => {
  const page = await all.as("head");
  await page.goto("/systems");
  await page.getByRole("button", { name: "System", exact: true }).click();
  await page.getByRole("button", { name: "System", exact: true }).click();
  await expect(page).toHaveURL(/sort=-name/);
  await expect(page.getByRole("table").getByRole("link").first()).toHaveText("workplace");
  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export" }).click();
  expect((await saved).suggestedFilename()).toBe("systems.csv");
});
