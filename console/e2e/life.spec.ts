import type { Page } from "@playwright/test";
import { expect, holds, settled, test, visit } from "./base";

async function openEvent(page: Page, path: string, of: string): Promise<void> {
  await page.goto(path);
  await settled(page);
  await page.getByRole("table", { name: "Events" }).getByRole("row").filter({ hasText: of }).getByRole("link").first().click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText(of);
  await settled(page);
}

async function openPerson(page: Page, number: string): Promise<void> {
  await page.goto(`/identities?q=${number}`);
  await settled(page);
  await page.getByRole("table").getByRole("row").filter({ hasText: number }).getByRole("link").first().click();
  await expect(page.getByRole("tab", { name: "Access" })).toBeVisible();
  await settled(page);
}

test("the lives of people are not for every function", async ({ all }) => {
  for (const who of ["platform_owner", "employee"] as const) {
    const page = await all.as(who);
    await page.goto("/lifecycle");
    await settled(page);
    await expect(page.getByText("This is not for your function")).toBeVisible();
    await expect(page.getByRole("navigation").getByRole("link", { name: "Lifecycle" })).toHaveCount(0);
    await page.goto("/lifecycle/contracts");
    await settled(page);
    await expect(page.getByText("This is not for your function")).toBeVisible();
  }
});

test("audit sees events, and orders and cancels none", async ({ all }) => {
  const page = await all.as("audit");
  await page.goto("/lifecycle");
  await settled(page);
  await expect(page.getByRole("button", { name: /Order an event is not possible/ })).toBeVisible();
  await openEvent(page, "/lifecycle", "Giulia Macdonald");
  await expect(page.getByRole("button", { name: /Cancel it is not possible/ })).toBeVisible();
  await openPerson(page, "E0000235");
  await expect(page.getByRole("button", { name: /Cut off now is not possible/ })).toBeVisible();
  await expect(page.getByRole("button", { name: /Order an event is not possible/ })).toBeVisible();
});

test("security operations cuts somebody off, and orders nothing for later", async ({ all }) => {
  const page = await all.as("security_operations");
  await openPerson(page, "E0000235");
  await expect(page.getByRole("button", { name: /Order an event is not possible/ })).toBeVisible();
  await expect(page.getByRole("button", { name: "Cut off now", exact: true })).toBeEnabled();
});

test("events are found by state, kind, whose word they are, and person", async ({ all }) => {
  const page = await all.as("iam");
  await visit(page, "/lifecycle");
  const rows = page.getByRole("table", { name: "Events" }).locator("tbody").getByRole("row");
  await expect(rows.first()).toContainText("Omkar Eguchi"); // what comes next is first
  await expect(rows.first()).toContainText("Europe/Zurich");
  await page.getByText("Cancelled", { exact: true }).click();
  await expect(rows).toHaveCount(1);
  await expect(rows.first()).toContainText("Feng Fjeld");
  await page.getByText("Happened", { exact: true }).click();
  await expect(rows.filter({ hasText: "Gergő Nagy" })).toHaveCount(1);
  await holds(page, "events that happened");
  await page.getByRole("combobox", { name: "Kind" }).click();
  await page.getByRole("option", { name: "Hire", exact: true }).click();
  await expect(rows.filter({ hasNotText: "Hire" })).toHaveCount(0);
  await expect(rows.filter({ hasText: "Mira Okafor-Lund" })).toHaveCount(1);
  await page.getByRole("button", { name: "Clear kind" }).click();
  await page.getByRole("combobox", { name: "Said by" }).click();
  await page.getByRole("option", { name: "A person, as an order" }).click();
  await expect(rows).toHaveCount(1);
  await expect(rows.first()).toContainText("Harish Fjeld");
  await page.getByRole("button", { name: "Clear said by" }).click();
  await page.getByRole("combobox", { name: "Person" }).fill("Quentin");
  await page.getByRole("option", { name: /Quentin/ }).click();
  await expect(rows).toHaveCount(1);
  await expect(rows.first()).toContainText("Leave of absence");
});

test("a move says what changed and what followed", async ({ all }) => {
  const page = await all.as("iam");
  await openEvent(page, "/lifecycle?state=happened", "Gergő Nagy");
  const altered = page.getByRole("region", { name: "What changed" });
  await expect(altered).toContainText("Contracts");
  await expect(altered).toContainText("Strategy");
  await expect(page.getByRole("region", { name: "What they gained and lost" })).toContainText("Space Legal and Compliance");
  await expect(page.getByRole("region", { name: "What it led to in systems" }).getByRole("link").first()).toHaveAttribute("href", /\/provisioning\/operations\/opn_/);
  await holds(page, "a move");
});

test("contracts that end say who was warned", async ({ all }) => {
  const page = await all.as("iam");
  await visit(page, "/lifecycle/contracts");
  const row = page.getByRole("table", { name: "Contracts" }).getByRole("row").filter({ hasText: "Layla Beaumont" });
  await expect(row).toContainText(/14 days: to /);
  await expect(row).toContainText(/3 days: (in|next)/);
  await page.getByRole("combobox", { name: "Within 90 days" }).click();
  await page.getByRole("option", { name: "Within 14 days" }).click();
  await expect(page.getByRole("table", { name: "Contracts" })).not.toContainText("Reza Huszár");
});

test("an event is ordered after what it would bring was seen, and cancelled with a reason", async ({ all }) => {
  const page = await all.as("iam");
  await page.goto("/lifecycle");
  await settled(page);
  await page.getByRole("button", { name: "Order an event" }).click();
  const dialog = page.getByRole("dialog", { name: "Order an event" });
  await dialog.getByRole("combobox", { name: "Whom does it happen to?" }).fill("E0000166");
  await page.getByRole("option", { name: /Noor Prokop/ }).click();
  await dialog.getByRole("combobox", { name: "What happens?" }).click();
  await page.getByRole("option", { name: "Terminate" }).click();
  await expect(dialog.getByRole("region", { name: "What it would bring" })).toContainText("from active to terminated");
  await expect(dialog.getByRole("region", { name: "What it would bring" })).toContainText("Disabled");
  await dialog.getByLabel("When?").fill("2027-03-28T02:30");
  await dialog.getByRole("combobox", { name: "By the clocks of" }).fill("Europe/Zurich");
  await page.getByRole("option", { name: "Europe/Zurich" }).click();
  await expect(dialog.getByRole("button", { name: "Order it" })).toBeDisabled(); // without a reason
  await dialog.getByLabel("Why?").fill("Goes to another company");
  await holds(page, "an event is ordered");
  await dialog.getByRole("button", { name: "Order it" }).click();
  await expect(dialog.getByText("does not exist in Europe/Zurich")).toBeVisible();
  await dialog.getByLabel("When?").fill("2027-03-31T18:00");
  await dialog.getByRole("button", { name: "Order it" }).click();
  await expect(page.getByRole("heading", { name: "What will the termination of Noor Prokop bring?" })).toBeVisible();
  await expect(page.getByText("31 Mar 2027, 18:00").first()).toBeVisible();
  await holds(page, "an event that is coming");

  await page.getByRole("button", { name: "Cancel it" }).click();
  const cancel = page.getByRole("dialog", { name: "Cancel this event" });
  await cancel.getByLabel("Why is it not to happen?").fill("Stays after all");
  await cancel.getByRole("button", { name: "Cancel the event" }).click();
  await expect(page.getByText("It was cancelled before it happened")).toBeVisible();
  await expect(page.getByText("“Stays after all”")).toBeVisible();
  await holds(page, "an event that was cancelled");
});

test("what is ordered for now on somebody's own page counts, and is taken back", async ({ all }) => {
  const page = await all.as("iam");
  await openPerson(page, "E0000169");
  await page.getByRole("button", { name: "Order an event" }).click();
  const dialog = page.getByRole("dialog", { name: /^Order an event for/ });
  await dialog.getByRole("combobox", { name: "What happens?" }).click();
  await page.getByRole("option", { name: "Suspend", exact: true }).click();
  await dialog.getByLabel("When?").fill("2026-01-05T08:00");
  await dialog.getByLabel("Why?").fill("Until a complaint is looked into");
  await expect(dialog.getByRole("region", { name: "What it would bring" })).toContainText("from active to suspended");
  await dialog.getByRole("button", { name: "Order it" }).click();
  await expect(page.getByRole("button", { name: "Take it back" })).toBeVisible();
  await expect(page.getByRole("region", { name: "What changed" })).toContainText("Suspended");
  await expect(page.getByRole("region", { name: "What it led to in systems" })).toContainText("Disable the account", { timeout: 60_000 });
  await page.getByRole("button", { name: "Take it back" }).click();
  const back = page.getByRole("dialog", { name: "Take this event back" });
  await back.getByLabel("Why is it to count no more?").fill("There was nothing to it");
  await back.getByRole("button", { name: "Take it back" }).click();
  await expect(page.getByText("It happened, and was taken back")).toBeVisible();
  await openPerson(page, "E0000169");
  await page.getByRole("tab", { name: "Life" }).click();
  await expect(page.getByRole("table", { name: "Events of their life" })).toContainText("“Until a complaint is looked into”");
  await holds(page, "somebody's life");
});

test("nobody orders what happens in their own life", async ({ all }) => {
  const page = await all.as("iam");
  await openPerson(page, "E0000006");
  await expect(page.getByRole("button", { name: /Cut off now is not possible: nobody orders/ })).toBeVisible();
});

test("an emergency says what is cut, asks why and for the second factor, and shows how far it is", async ({ all }) => {
  const page = await all.as("security_operations");
  await openPerson(page, "E0000238");
  await page.getByRole("button", { name: "Cut off now" }).click();
  const dialog = page.getByRole("dialog", { name: "Cut off Fatou Gyamfi now" });
  await expect(dialog.getByRole("region", { name: "What is cut" })).toContainText("Disabled");
  await expect(dialog.getByRole("button", { name: "Cut off now" })).toBeDisabled();
  await dialog.getByLabel("Why?").fill("Data was seen to leave the company");
  await holds(page, "an emergency");
  await dialog.getByRole("button", { name: "Cut off now" }).click();
  await expect(page.getByText("Fatou Gyamfi was cut off")).toBeVisible();
  const progress = page.getByRole("region", { name: "How far it is in systems" });
  await expect(progress).toContainText("Disable the account", { timeout: 60_000 });
  await expect(page.getByRole("button", { name: /Cut off now is not possible: they have left/ })).toBeVisible();
  await holds(page, "somebody who was cut off");
  await page.getByRole("link", { name: "What was cut" }).click();
  await expect(page.getByRole("heading", { name: "What has the emergency cut off Fatou Gyamfi from?" })).toBeVisible();
  await holds(page, "an emergency that happened");
});
