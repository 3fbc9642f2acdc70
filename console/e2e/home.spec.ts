import type { Page } from "@playwright/test";
import { expect, holds, settled, test } from "./base";

const panel = (page: Page, name: string) => page.getByRole("region", { name, exact: true });

// follows goes through the first line of a queue.
async function follows(page: Page, queue: string, to: RegExp): Promise<void> {
  await panel(page, queue).getByRole("listitem").first().getByRole("link").click();
  await expect(page).toHaveURL(to);
  await settled(page);
}

async function home(page: Page): Promise<void> {
  await page.goto("/");
  await settled(page);
  await expect(page.getByText("This is not for your function")).toHaveCount(0);
}

test("identity and access management sees what is due and what waits for a decision", async ({ all }) => {
  const page = await all.as("iam");
  await home(page);
  await expect(panel(page, "Whose accounts are these?").getByRole("listitem").first()).toBeVisible();
  await expect(panel(page, "Rules that only observe")).toBeVisible();
  await holds(page, "home iam");
  await follows(page, "What is worst", /\/findings\/\w+/);
  await home(page);
  await follows(page, "Whose accounts are these?", /\/disputes/);
});

test("security operations sees what could be misused, and what was refused", async ({ all }) => {
  const page = await all.as("security_operations");
  await home(page);
  await expect(page.getByRole("table", { name: "Privileged grants held all the time, by day" })).toBeAttached();
  await expect(panel(page, "Last refused at the door")).toBeVisible();
  await holds(page, "home security operations");
  await follows(page, "What could be misused now", /\/findings\/\w+/);
  await home(page);
  await page.getByRole("link", { name: /privileged grants held all the time/ }).click();
  await expect(page).toHaveURL(/\/coverage\/evidence/);
});

test("a platform owner sees how their systems are", async ({ all }) => {
  const page = await all.as("platform_owner");
  await home(page);
  await holds(page, "home platform owner");
  await follows(page, "How are your systems?", /\/systems\/\w+/);
});

test("audit sees whether the log is whole, and what coverage came to", async ({ all }) => {
  const page = await all.as("audit");
  await home(page);
  await expect(panel(page, "Is the log whole?").getByText("Last signed")).toBeVisible();
  await expect(panel(page, "Acceptances that end soon")).toBeVisible();
  await holds(page, "home audit");
  const saved = page.waitForEvent("download");
  await panel(page, "Evidence to take away").getByRole("button", { name: /Export/ }).nth(1).click();
  expect((await saved).suggestedFilename()).toBe("findings.csv");
  await panel(page, "Does coverage get better?").getByRole("link", { name: "Owner" }).click();
  await expect(page).toHaveURL(/\/coverage\/evidence\?control=owner/);
});

test("an employee sees what they hold and owe, and how they sign in", async ({ all }) => {
  const page = await all.as("employee");
  await home(page);
  await expect(panel(page, "What you owe")).toBeVisible();
  await expect(panel(page, "How you sign in").getByRole("listitem").first()).toBeVisible();
  await holds(page, "home employee");
  await follows(page, "What you hold, the most powerful first", /\/me/);
});

test("whoever holds several functions has a part for each, the most urgent first", async ({ all }) => {
  const page = await all.as("head");
  await home(page);
  const parts = page.getByRole("heading", { level: 2, name: /^(IAM|Security operations|Platform owner|Yours)$/ });
  await expect(parts).toHaveCount(4);
  await expect(parts.last()).toHaveText("Yours");
  await holds(page, "home several");
});
