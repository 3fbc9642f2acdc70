import { expect, holds, settled, test } from "./base";

test("a risk is accepted until a date, told in the history, and opened again", async ({ all }) => {
  const page = await all.as("security_operations");
  await page.goto("/findings?function=security_operations&sort=due");
  await settled(page);
  await page.getByRole("table", { name: "Findings", exact: true }).getByRole("link").first().click();
  await expect(page.getByRole("heading", { name: "What it means" })).toBeVisible();
  await holds(page, "a finding");

  await page.getByRole("button", { name: "Accept the risk" }).click();
  const dialog = page.getByRole("dialog", { name: "Accept the risk of this finding" });
  await dialog.getByLabel("Why is that acceptable?").fill("The vendor replaces it in spring");
  await dialog.getByText("30 days").click();
  await holds(page, "a risk is accepted");
  await dialog.getByRole("button", { name: "Accept the risk" }).click();
  await expect(page.getByText(/^Accepted until/).first()).toBeVisible();
  await expect(page.getByText("“The vendor replaces it in spring”")).toBeVisible();

  await page.getByRole("button", { name: "Open it again" }).click();
  await page.getByLabel("Why is the risk accepted no longer?").fill("The vendor says no");
  await page.getByRole("dialog").getByRole("button", { name: "Open it again" }).click();
  await expect(page.getByText(/^Opened again/).first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Accept the risk" })).toBeVisible();
});

test("of two tabs the slower is told what the faster did, and keeps what was typed", async ({ all }) => {
  const page = await all.as("security_operations");
  await page.goto("/findings?function=security_operations");
  await settled(page);
  await page.getByRole("table", { name: "Findings", exact: true }).getByRole("link").first().click();
  await expect(page.getByRole("heading", { name: "What it means" })).toBeVisible();
  const other = await page.context().newPage();
  await other.goto(page.url());
  await settled(other);
  await other.getByRole("button", { name: "Accept the risk" }).click();
  const typed = other.getByLabel("Why is that acceptable?");
  await typed.fill("It is watched every day");

  await page.getByRole("button", { name: /^Give it to/ }).click();
  await page.getByRole("dialog").locator("input").first().fill("chiara");
  await page.getByRole("option", { name: /Chiara/ }).first().click();
  await holds(page, "a finding is given to somebody");
  await page.getByRole("button", { name: /^Give it to Chiara/ }).click();
  await expect(page.getByText(/^Given an owner/).first()).toBeVisible();

  await other.getByRole("dialog").getByRole("button", { name: "Accept the risk" }).click();
  await expect(other.getByRole("alert")).toContainText("It has changed since you opened this");
  await expect(other.getByRole("alert")).toContainText("Given an owner");
  await expect(typed).toHaveValue("It is watched every day");
  await holds(other, "a finding changed meanwhile");
  await other.getByRole("dialog").getByRole("button", { name: "Accept the risk" }).click();
  await expect(other.getByText("“It is watched every day”")).toBeVisible();
  await other.close();
});

test("the list is narrowed, sorted and paged by the server, and says where nothing fits", async ({ all }) => {
  const page = await all.as("security_operations");
  await page.goto("/findings");
  await settled(page);
  const table = page.getByRole("table", { name: "Findings", exact: true });
  await page.getByRole("button", { name: "Next" }).click();
  await expect(page.getByText(/page 2$/)).toBeVisible();
  await page.getByRole("button", { name: "Previous" }).click();
  await expect(page.getByText(/page 1$/)).toBeVisible();
  await table.getByRole("button", { name: "Due" }).click();
  await expect(page).toHaveURL(/sort=due/);
  await page.getByRole("textbox", { name: /Person, account/ }).fill("nothing is called so");
  await expect(page.getByText("No finding fits")).toBeVisible();
  await holds(page, "no finding fits");
});
