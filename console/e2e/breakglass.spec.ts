import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expect, holds, settled, test, visit } from "./base";
import { call, found, person } from "./call";
import { choose, of, told } from "./form";
import { home, writ } from "./program";

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

test.describe("a kit that is opened when nothing else works", () => {
  test.describe.configure({ mode: "serial" });

  // picksUp takes somebody's share, once, and returns the file that they saved it as.
  async function picksUp(page: Page, as: string): Promise<string> {
    await page.goto("/kit-shares");
    await page.getByRole("button", { name: of("Pick it up", "the day") }).click();
    const dialog = page.getByRole("dialog", { name: "Your share of the day" });
    const does = dialog.getByRole("button", { name: "Pick it up" });
    await expect(does).toBeDisabled(); // whoever cannot keep it now does not see it
    await dialog.getByLabel("I can keep it now").check();
    await does.click();
    await expect(dialog.getByText("It is not shown.")).toBeVisible();
    const file = await saved(page, () => dialog.getByRole("button", { name: "Save as a file" }).click(), as);
    if (as === "ana.txt") {
      await dialog.getByRole("button", { name: "Show it" }).click();
      expect(readFileSync(file, "utf8").trim()).toBe(await dialog.getByLabel("Your share").textContent());
      await dialog.getByRole("button", { name: "Hide it" }).click();
      await holds(page, "a share of a kit");
    }
    await dialog.getByLabel("I have kept it").check();
    await dialog.getByRole("button", { name: "Done" }).click();
    await told(page, "You have your share of the day");
    await expect(page.getByRole("button", { name: of("Pick it up", "the day") })).toHaveCount(0);
    return file;
  }

  let kit = "";
  let record = "";

  test("is made for others, who pick their shares up once", async ({ all }) => {
    const maker = await all.as("head");
    const holders = await Promise.all((["iam", "security_operations", "platform_owner"] as const).map(async (who) => person(await all.as(who))));
    await maker.goto("/break-glass");
    await maker.getByRole("button", { name: "Make a kit" }).click();
    const form = maker.getByRole("dialog", { name: "Make a break-glass kit" });
    await form.getByRole("textbox", { name: "Name" }).fill("the day");
    await choose(form.getByRole("combobox", { name: "What it holds" }), "servers/root at build1", "build1");
    for (const h of holders) await choose(form.getByRole("combobox", { name: "Add a holder" }), new RegExp(h.name), h.name);
    const does = form.getByRole("button", { name: "Make it, and save the file" });
    await expect(does).toBeDisabled(); // without a reason
    await form.getByLabel("Why?").fill("for the day on which nothing works");
    await holds(maker, "a kit is made");
    kit = await saved(maker, async () => { await does.click(); await told(maker, /the-day-1\.kit is saved/); }, "the-day.kit");
    await visit(maker, "/kit-shares");
    await expect(maker.getByRole("region", { name: "Your shares" })).not.toContainText("the day"); // whoever makes one holds none

    await picksUp(await all.as("security_operations"), "ana.txt");
    await picksUp(await all.as("platform_owner"), "ben.txt");
    await maker.goto("/break-glass");
    await expect(maker.getByRole("table", { name: "Break-glass kits" }).getByRole("row").filter({ hasText: "the day" })).toContainText(/Ready/);
  });

  test("is opened without Writ, and shows what the vault has", async () => {
    record = join(dir, "the-day.record");
    const shares = ["ana.txt", "ben.txt"].flatMap((name) => ["--share", join(dir, name)]);
    const opens = (...shares: string[]) => writ(home(), "break-glass", "open", kit, "--by", "Ana", "--by", "Ben", "--reason", "INC-9: all of Writ is down", "--record", record, "--secret", "servers/root at build1", ...shares).ended;
    const alone = await opens("--share", join(dir, "ana.txt"), "--share", join(dir, "ana.txt"));
    expect(alone.code, alone.out + alone.err).not.toBe(0);
    expect(alone.out).not.toContain("PRIVATE KEY");
    const opened = await opens(...shares);
    expect(opened.code, opened.err).toBe(0);
    expect(opened.out).toContain("PRIVATE KEY");
    expect(readFileSync(record, "utf8")).not.toContain("PRIVATE KEY");
  });

  test("is told of, and reviewed by somebody who was not there", async ({ all }) => {
    const brings = await all.as("platform_owner");
    await brings.goto("/break-glass");
    await brings.getByRole("button", { name: "Bring a record" }).click();
    const form = brings.getByRole("dialog", { name: "Bring the record of an opening" });
    await form.locator("input[type=file]").setInputFiles(record);
    await holds(brings, "a record is brought");
    await form.getByRole("button", { name: "Merge it" }).click();
    await told(brings, "The opening is kept. One secret was shown, and is being changed. Its review waits.");
    await brings.getByRole("table", { name: "Break-glass kits" }).getByRole("link", { name: "the day" }).click();
    await expect(brings.getByRole("list", { name: "History" })).toContainText("Ana and Ben said that they were there: “INC-9: all of Writ is down”");
    await brings.getByRole("link", { name: "See what is asked" }).click();
    await settled(brings);
    await expect(brings.getByRole("button", { name: "Approve", exact: true })).toHaveCount(0); // they opened it

    const reviews = await all.as("iam");
    await reviews.goto(`/break-glass/${await found(reviews, "/v1/break-glass", "the day")}`);
    await holds(reviews, "a kit that was opened");
    await reviews.getByRole("link", { name: "Review it" }).click();
    await reviews.getByRole("button", { name: "Approve" }).click();
    const finds = reviews.getByRole("dialog", { name: "Agree to it" });
    await expect(finds.getByRole("button", { name: "Approve" })).toBeDisabled(); // without saying what they found
    await finds.getByLabel("What did you find?").fill("Writ was down, and the host was needed");
    await holds(reviews, "the review of an opening");
    await finds.getByRole("button", { name: "Approve" }).click();
    await told(reviews, "You have agreed");
    await brings.goto(`/break-glass/${await found(brings, "/v1/break-glass", "the day")}`);
    await expect(brings.getByRole("list", { name: "History" })).toContainText("The opening was reviewed");
    await expect(brings.getByText("An opening waits for its review")).toHaveCount(0);
  });
});
