import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expect, holds, test, visit } from "./base";
import { call, found } from "./call";
import { choose } from "./form";

const dir = mkdtempSync(join(tmpdir(), "writ-glass-"));

// saved is the file that a button saves.
async function saved(page: Page, does: () => Promise<void>, as: string): Promise<string> {
  const coming = page.waitForEvent("download");
  await does();
  const path = join(dir, as);
  await (await coming).saveAs(path);
  return path;
}

test("the kits that there are say whether they can be relied on", async ({ all }) => {
  const page = await all.as("head");
  await page.goto("/");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Break glass" }).click();
  const table = page.getByRole("table", { name: "Break-glass kits" });
  await expect(table.getByRole("row").filter({ hasText: "payroll-db" })).toContainText(/Ready.*All of it signed in/);
  await expect(table.getByRole("row").filter({ hasText: "web1" })).toContainText("Shares wait to be picked up");
  await holds(page, "break-glass kits");
  await choose(page.getByRole("combobox", { name: "State" }), "Stale");
  await expect(page.getByText("No kit is in that state")).toBeVisible();
  await page.getByRole("link", { name: "Show all kits" }).click();
  await table.getByRole("link", { name: "databases" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Can databases be relied on?" })).toBeVisible();
  await expect(page.getByRole("list", { name: "What signed in" }).first().getByRole("listitem")).toHaveCount(2);
  await holds(page, "a break-glass kit");
  await page.getByRole("button", { name: "Hold a drill" }).click();
  await expect(page.getByRole("dialog").getByText(/^writ break-glass drill databases-1.kit/)).toBeVisible();
  await saved(page, () => page.getByRole("dialog").getByRole("button", { name: "Save the file" }).click(), "databases.kit");
  await holds(page, "a drill is held");
  await page.getByRole("dialog").getByRole("button", { name: "Close", exact: true }).last().click();
  await visit(page, "/kit-shares");
});

test("whoever may do nothing with a kit sees no button, and is refused past it", async ({ all }) => {
  const auditor = await all.as("audit");
  await auditor.goto("/break-glass");
  const kit = await found(auditor, "/v1/break-glass", "databases");
  await expect(auditor.getByRole("table")).toBeVisible();
  await auditor.getByRole("link", { name: "databases" }).click();
  await expect(auditor.getByRole("region", { name: "How it is sealed" })).toBeVisible();
  for (const name of [/^Make a kit/, /^Pick up/, /^Renew/, /^Retire/, /^Bring a record/]) await expect(auditor.getByRole("main").getByRole("button", { name })).toHaveCount(0);
  for (const way of ["renew", "retire"]) expect((await call(auditor, "POST", `/v1/break-glass/${kit}/${way}`, { reason: "x" })).status, way).toBe(403);
  expect((await call(auditor, "POST", `/v1/break-glass/${kit}/share`)).status).toBe(403);

  const employee = await all.as("employee");
  await employee.goto(`/break-glass/${kit}`);
  await expect(employee.getByText("There is nothing here")).toBeVisible();
  await expect(employee.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Break glass" })).toHaveCount(0);
  await visit(employee, "/kit-shares");
  await expect(employee.getByText("You hold no share")).toBeVisible();
});
