import type { Page } from "@playwright/test";
import { expect, holds, settled, test, visit } from "./base";
import { found, person } from "./call";

// says is what a target of the firm says itself.
async function says(path: string, ask: Record<string, string> = {}): Promise<string> {
  const answer = await fetch(`${process.env.E2E_FIRM}/${path}?${new URLSearchParams(ask)}`);
  expect(answer.status).toBe(200);
  return answer.text();
}

const slow = { timeout: 60_000 };
const wanted = [{ name: "dba", at: "db" }, { name: "admins", at: "host" }];
const has = ({ name, at }: { name: string; at: string }) => says(`${at}/has`, { login: "ana", group: name });

// As the firm's accounts were found.
const known = "As-it-was-found-1";

test("a group of a database and one of a host are asked for, agreed to by another function, there, and gone at their end", async ({ all }) => {
  test.setTimeout(240_000);
  const ana = await all.as("ana");
  const sol = await all.as("sol");
  for (const x of wanted) {
    await ana.goto("/elevations");
    await ana.getByRole("button", { name: `Activate ${x.name}` }).click();
    const dialog = ana.getByRole("dialog", { name: `Activate ${x.name}` });
    await expect(dialog).toContainText("a yes from security operations");
    await dialog.getByLabel("Why?").fill("change 4711");
    await dialog.getByRole("button", { name: "Ask for it" }).click();
    await expect(ana.getByRole("status").filter({ hasText: "Others are asked" })).toBeVisible();
    expect(await has(x), `${x.name} before anybody agreed`).toBe("false");
  }
  await holds(ana, "elevations that wait");
  for (const x of wanted) {
    await sol.goto("/approvals");
    await sol.getByRole("link", { name: new RegExp(`Ana Sol wants to activate ${x.name}`) }).click();
    await settled(sol);
    await sol.getByRole("button", { name: "Approve" }).click();
    await sol.getByRole("dialog", { name: "Agree to it" }).getByRole("button", { name: "Approve" }).click();
    await expect(sol.getByText("You have agreed.")).toBeVisible();
    await expect.poll(() => has(x), slow).toBe("true");
  }
  const open = ana.getByRole("region", { name: "Active and on its way" });
  const before = ana.getByRole("region", { name: "Before" });
  for (const x of wanted) {
    await expect(before.getByRole("listitem").filter({ hasText: x.name })).toContainText("Ended", { timeout: 120_000 });
    expect(await has(x), `${x.name} after its end`).toBe("false");
  }
  await expect(open).toContainText("You have activated nothing");
  await expect(ana.getByText("Others are asked")).toHaveCount(0);
  await holds(ana, "elevations that are over");
});

async function see(page: Page, secret: string): Promise<void> {
  await page.goto(`/secrets/${await found(page, "/v1/secrets", secret)}`);
  await page.getByRole("button", { name: "Reveal it" }).click();
  const dialog = page.getByRole("dialog", { name: `Reveal ${secret}` });
  await dialog.getByLabel("Why do you have to see it?").fill("figures of March");
  await dialog.getByRole("checkbox", { name: /^I have to know it/ }).check();
  await dialog.getByRole("button", { name: "Reveal it" }).click();
  await expect(dialog.getByText("It is not shown.")).toBeVisible();
  await dialog.getByRole("button", { name: "Show it" }).click();
  await expect(dialog.getByText(known)).toBeVisible();
  await dialog.getByRole("button", { name: "Close" }).first().click();
}

test("what a leaver knows is another value at once, or on a day where a service uses it", async ({ all }) => {
  test.setTimeout(240_000);
  const eva = await all.as("eva");
  const owner = await all.as("olga");
  const sol = await all.as("sol");
  const who = await person(eva);
  for (const secret of ["batch", "reports"]) await see(eva, secret);
  expect(await says("host/opens", { password: known })).toBe("true");
  expect(await says("db/opens", { login: "reports", password: known })).toBe("true");

  await sol.goto(`/identities/${who.id}`);
  await sol.getByRole("button", { name: "Cut off now" }).click();
  const cut = sol.getByRole("dialog", { name: `Cut off ${who.name} now` });
  await cut.getByLabel("Why?").fill("took figures home");
  await cut.getByRole("button", { name: "Cut off now" }).click();
  await expect(sol.getByText(`${who.name} was cut off`)).toBeVisible();

  await expect.poll(() => says("host/opens", { password: known }), slow).toBe("false");
  await owner.goto(`/secrets/${await found(owner, "/v1/secrets", "batch")}`);
  const versions = owner.getByRole("region", { name: "Versions" });
  await expect(versions.getByRole("listitem").filter({ hasText: "Version 2" })).toContainText("Current", slow);
  await expect(owner.getByRole("region", { name: "Who has seen it" }).getByRole("listitem").filter({ hasText: who.name })).toBeVisible();
  await holds(owner, "a secret that a leaver knew");

  // The service goes on with what it has, until a day that is on the calendar.
  expect(await says("db/opens", { login: "reports", password: known })).toBe("true");
  await visit(owner, "/rotation");
  const row = owner.getByRole("table", { name: "Due for another value" }).getByRole("row").filter({ hasText: "reports" });
  await expect(row).toContainText("Has its day");
  await expect(row).toContainText("somebody has left who knew it");
  await owner.getByRole("list", { name: "Days" }).getByRole("button", { name: /reports/ }).click();
  await expect(owner.getByRole("region", { name: /^Due on/ })).toContainText("once: somebody has left who knew it");
  await holds(owner, "a rotation that has its day");
  await row.getByRole("button", { name: /^Change it now/ }).click();
  await owner.getByRole("dialog").getByLabel("Why?").fill("the report runs at night");
  await owner.getByRole("dialog").getByRole("button", { name: "Rotate it" }).click();
  await expect.poll(() => says("db/opens", { login: "reports", password: known }), slow).toBe("false");
  await expect.poll(() => says("told"), slow).not.toBe(known); // the service is told what opens it
  expect(await says("db/opens", { login: "reports", password: await says("told") })).toBe("true");

  await eva.goto("/secrets");
  await expect(eva).toHaveURL(/\/signin/);
});
