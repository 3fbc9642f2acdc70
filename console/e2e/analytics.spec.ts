import type { Locator, Page } from "@playwright/test";
import { expect, holds, settled, test, visit } from "./base";

// opened goes to a page and waits until it is there.
async function opened(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await settled(page);
}

test("whoever answers for nothing has no analytics, and platform owners not where people work", async ({ all }) => {
  const employee = await all.as("employee");
  for (const path of ["/analytics", "/analytics/unused", "/analytics/creep", "/analytics/what-if"]) {
    await opened(employee, path);
    await expect(employee.getByText("This is not for your function")).toBeVisible();
  }
  await expect(employee.getByRole("link", { name: "Analytics", exact: true })).toHaveCount(0);
  await holds(employee, "analytics not theirs");
  for (const who of ["platform_owner", "security_operations"] as const) {
    const page = await all.as(who);
    await opened(page, "/analytics");
    await expect(page.getByRole("table", { name: "Outliers" })).toBeVisible();
    await opened(page, "/analytics/what-if");
    await expect(page.getByText("Trying rules and policies is for IAM and audit.")).toBeVisible();
  }
});

test("an outlier is narrowed to, and opens who the peers are and whom to ask", async ({ all }) => {
  const page = await all.as("iam");
  await opened(page, "/");
  await page.getByRole("navigation").getByRole("link", { name: "Analytics", exact: true }).click();
  await visit(page, "/analytics");
  const table = page.getByRole("table", { name: "Outliers" });
  const all5 = await shown(page);
  await page.getByRole("combobox", { name: "5 % of the peers at most" }).click();
  await page.getByRole("option", { name: "No peer has it" }).click();
  await expect(page).toHaveURL(/share=%220%22/);
  await expect.poll(() => shown(page)).toBeLessThan(all5);
  await expect(table.getByRole("button", { name: /: [1-9]\d* of/ })).toHaveCount(0);
  await page.getByRole("combobox", { name: "System" }).click();
  await page.getByRole("option", { name: "backup", exact: true }).click();
  await expect(page).toHaveURL(/system=/);
  await expect(table.getByRole("row", { name: /crm/ })).toHaveCount(0);
  await table.getByRole("button", { name: /^Peers of Astrid Arvidsson about Administrator/ }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("None of 24 peers has it");
  await expect(dialog.getByText("unit Recruiting, employer Lindquell AG", { exact: true })).toBeVisible();
  await expect(dialog.getByText(/Peers who do not have it \(24\)/)).toBeVisible();
  await expect(dialog.getByText("Answers for it")).toBeVisible();
  await expect(dialog.getByText("Platform: as Site Reliability Engineer before they came to Recruiting")).toBeVisible();
  await holds(page, "analytics peers");
  await dialog.getByRole("link", { name: "See by what way Astrid Arvidsson has it" }).click();
  await expect(page).toHaveURL(/\/identities\/.*why=/);
  await expect(page.getByRole("dialog", { name: "Why?" })).toContainText(/shortest way/);
});

// shown is how many there are by the foot of the table.
async function shown(page: Page): Promise<number> {
  const text = await page.getByText(/in all|shown, page/).textContent();
  return Number(/(?:of )?([\d,]+) (?:in all|shown)/.exec(text ?? "")?.[1]?.replace(",", ""));
}

test("what is not known is never called unused, and what is unused leads to whose it is", async ({ all }) => {
  const page = await all.as("audit");
  await visit(page, "/analytics/unused");
  const table = page.getByRole("table", { name: "How access is used" });
  await expect(table.getByRole("row", { name: /payroll-db/ })).toContainText("nothing is known");
  await expect(table.getByRole("row", { name: /payroll-db/ }).getByRole("cell", { name: "not known", exact: true })).toBeVisible();
  await expect(table.getByRole("row", { name: /erp-finance/ })).toContainText("known of 95 of 95");
  await table.getByRole("link", { name: "erp-finance" }).click();
  await expect(page).toHaveURL(/by=entitlement.*system=|system=.*by=entitlement/);
  await table.getByRole("button", { name: /^Who holds .*: [1-9]\d* do not/ }).first().click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("region", { name: "Grants" }).getByText("Not used").first()).toBeVisible();
  await holds(page, "analytics holders");
  await dialog.getByText("Used", { exact: true }).click();
  await expect(dialog.getByRole("region", { name: "Grants" }).getByText("Not used")).toHaveCount(0);
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.getByText("By role", { exact: true }).click();
  await expect(table.getByRole("link", { name: "Buyer" })).toBeVisible();
  await page.getByText("By system", { exact: true }).click();
  await page.getByRole("combobox", { name: "Last 90 days" }).click();
  await page.getByRole("option", { name: "A year" }).click();
  await expect(page).toHaveURL(/days=%22365%22/);
  await holds(page, "analytics unused in a year");
});

test("who moved on and kept access is shown over time, by unit and by person", async ({ all }) => {
  const page = await all.as("security_operations");
  await visit(page, "/analytics/creep");
  const rows = page.getByRole("table", { name: "What was kept, by month" }).getByRole("row");
  expect(await rows.count()).toBeGreaterThan(10);
  const table = page.getByRole("table", { name: "Who kept access" });
  const everybody = await table.getByRole("row").count();
  await page.getByRole("table", { name: "What was kept, by unit" }).getByRole("button", { name: "Contracts" }).click();
  await expect(page).toHaveURL(/unit=Contracts/);
  await expect(page.getByRole("region", { name: "Does it grow in Contracts?" })).toBeVisible();
  await expect.poll(() => table.getByRole("row").count()).toBeLessThan(everybody);
  await table.getByRole("button", { name: /^What Ben Magnusson kept/ }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("list", { name: "Positions" }).locator("> li")).toHaveCount(3);
  await expect(dialog.getByRole("list", { name: "Positions" })).toContainText("night-shift");
  await holds(page, "analytics what somebody kept");
  await dialog.getByRole("link", { name: "All that they have, and why" }).click();
  await expect(page.getByRole("heading", { level: 1, name: /Ben Magnusson/ })).toBeVisible();
});

const cedar = (page: Page): Locator => page.getByLabel("Policies in Cedar");

test("a rule is tried on today and on what was used, and a mistake is shown where it is", async ({ all }) => {
  const page = await all.as("iam");
  await visit(page, "/analytics/what-if");
  await page.getByRole("combobox", { name: "Begin with" }).click();
  await page.getByRole("option", { name: "treasury-ledger" }).click();
  await expect(page.getByLabel("Whom it is for")).toHaveValue('identity.unit == "Treasury"');
  await page.getByLabel("Whom it is for").fill('identity.unit == "Treasury" &&');
  await page.getByRole("button", { name: "Try it" }).click();
  await expect(page.getByRole("alert")).toContainText("Line 1, column 31");
  await holds(page, "analytics what if of a rule with a mistake");
  await page.getByLabel("Whom it is for").fill('identity.unit == "Payroll"');
  await page.getByRole("button", { name: "Try it" }).click();
  await expect(page.getByRole("region", { name: "Today, were it enforced" })).toContainText("gain something");
  const past = page.getByRole("region", { name: /^Would it have blocked anything/ });
  await expect(past).toContainText(/Yes: \d+ used what they would have lost/);
  await expect(past.getByText("Who would have lost what they used")).toBeVisible();
  await holds(page, "analytics what if of a rule");
  await page.getByRole("link", { name: "Change the rule itself" }).click();
  await expect(page).toHaveURL(/\/birthrights\/treasury-ledger/);
});

test("a policy is tried on everybody and on what was done, and a mistake is shown where it is", async ({ all }) => {
  const page = await all.as("audit");
  await opened(page, "/analytics/what-if");
  await page.getByText("A policy", { exact: true }).click();
  await cedar(page).fill("permit everything");
  await page.getByRole("button", { name: "Try it" }).click();
  await expect(page.getByRole("alert")).toContainText(/Line 1, column \d+/);
  await holds(page, "analytics what if of a policy with a mistake");
  await page.getByRole("combobox", { name: "Begin with" }).click();
  await page.getByRole("option", { name: "Roles are frozen" }).click();
  await page.getByRole("button", { name: "Try it" }).click();
  await expect(page.getByRole("region", { name: "What would change" })).toContainText("role.change");
  await expect(page.getByRole("region", { name: "What would have been refused" })).toContainText("role.change");
  await holds(page, "analytics what if of a policy");
  const iam = await all.as("iam"); // who may not read the audit log is told how many
  await opened(iam, "/analytics/what-if?of=policy");
  await iam.getByRole("combobox", { name: "Begin with" }).click();
  await iam.getByRole("option", { name: "Roles are frozen" }).click();
  await iam.getByRole("button", { name: "Try it" }).click();
  await expect(iam.getByText(/of the refused are listed to who may read the audit log/)).toBeVisible();
  await iam.getByText("A role", { exact: true }).click();
  await iam.getByRole("link", { name: "look at the drafts that wait for a review" }).click();
  await expect(iam).toHaveURL(/\/roles\?draft=/);
});
