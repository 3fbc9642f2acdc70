import type { Page } from "@playwright/test";
import { expect, holds, test } from "./base";
import { call, person } from "./call";
import { joined } from "./cluster";
import { choose, told } from "./form";

const table = (page: Page) => page.getByRole("table", { name: "Candidates" });

test("what lies in no safe is told with why, and narrowed", async ({ all }) => {
  const page = await all.as("head");
  await page.goto("/");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Onboarding" }).click();
  await expect(table(page).getByRole("row").nth(1)).toContainText("It gives access of tier 0");
  await holds(page, "onboarding");
  await choose(page.getByRole("combobox", { name: "Kind of account" }), "Shared");
  await expect(table(page).getByRole("row").nth(1)).toContainText("It is a shared account");
  await page.getByRole("textbox", { name: "Account, place, system or reason" }).fill("nothing is called so");
  await expect(page.getByText("Nothing fits")).toBeVisible();
  await page.getByRole("link", { name: "Show all" }).click();
  await expect(table(page)).toBeVisible();
});

test("whoever takes nothing over sees what lies in no safe, and no way to take it", async ({ all }) => {
  const head = await all.as("head");
  const auditor = await all.as("audit");
  await auditor.goto("/onboarding");
  await expect(table(auditor)).toBeVisible();
  await expect(auditor.getByRole("main").getByRole("checkbox")).toHaveCount(0);
  await expect(auditor.getByRole("button", { name: /^Take over|^Choose all/ })).toHaveCount(0);
  const safe = ((await call(head, "GET", "/v1/safes?name=databases")).body as { items: { id: string }[] }).items[0]!.id;
  for (const way of ["", "/preview"]) expect((await call(auditor, "POST", `/v1/onboardings${way}`, { safe, reason: "x" })).status, way).toBe(403);

  const employee = await all.as("employee");
  await employee.goto("/onboarding");
  await expect(employee.getByText("This is not for your function").or(employee.getByText("All of it lies in safes")).first()).toBeVisible();
  await expect(employee.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Onboarding" })).toHaveCount(0);
});

test("accounts of a real cluster are taken over, and what fails is tried again", async ({ all }) => {
  const page = await all.as("head");
  const me = await person(page);
  await joined(page, me.id, "takeover-db", "postgres", "svc_takeover");
  await joined(page, me.id, "takeover-low", "auditor", "svc_takeover_b"); // whose role may set nothing
  const made = await call(page, "POST", "/v1/safes", { name: "taken over", owner: me.id, terms: { most_minutes: 60 } });
  expect(made.status, JSON.stringify(made.body)).toBe(201);

  await page.goto("/onboarding?kind=embedded");
  await expect(table(page).getByRole("row").filter({ hasText: "takeover-db" }).filter({ hasText: "crm" })).toContainText("it takes a person");
  await page.goto("/onboarding?q=svc_takeover");
  await page.getByRole("checkbox", { name: "Take over svc_takeover in takeover-db, Password" }).check();
  await page.getByRole("checkbox", { name: "Take over svc_takeover_b in takeover-low, Password" }).check();
  await page.getByRole("button", { name: "Take over 2" }).click();
  const dialog = page.getByRole("dialog", { name: "Take over what opens 2 accounts" });
  await choose(dialog.getByRole("combobox", { name: "Into which safe?" }), "treasury");
  await expect(dialog.getByText(/^You keep nothing in it/)).toBeVisible(); // it is another's
  await choose(dialog.getByRole("combobox", { name: "Into which safe?" }), "taken over");
  const plan = dialog.getByRole("region", { name: "What would be taken over" });
  await expect(plan).toContainText("2 secrets would be taken over");
  await expect(plan.getByRole("listitem").filter({ hasText: "takeover-low" })).toContainText("Yes");
  await choose(dialog.getByRole("combobox", { name: "Then changed" }), "Every 90 days");
  await expect(dialog.getByRole("button", { name: "Take over 2" })).toBeDisabled(); // without a reason
  await dialog.getByLabel("Why?").fill("CHG-42: no password that people know");
  await expect(dialog.getByRole("button", { name: "Take over 2" })).toBeEnabled();
  await holds(page, "what would be taken over");
  await dialog.getByRole("button", { name: "Take over 2" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "What was taken over into taken over?" })).toBeVisible();

  const items = page.getByRole("table", { name: "What is taken over" });
  const taken = items.getByRole("row").filter({ hasText: "takeover-db" });
  const failing = items.getByRole("row").filter({ hasText: "takeover-low" });
  await expect(taken).toContainText("signed in with", { timeout: 60_000 });
  await expect(failing).toContainText("may not set the password", { timeout: 60_000 });
  await holds(page, "an onboarding");
  await failing.getByRole("button", { name: /^Let go/ }).click();
  const letGo = page.getByRole("dialog", { name: /^Let go of svc_takeover_b/ });
  await letGo.getByLabel("Why?").fill("another day");
  await letGo.getByRole("button", { name: "Let go" }).click();
  await expect(letGo.getByRole("alert")).toContainText("A value may be set already");
  await letGo.getByRole("button", { name: "Close", exact: true }).last().click();

  await failing.getByRole("button", { name: /^Try it now/ }).click();
  const again = page.getByRole("dialog", { name: /^Try svc_takeover_b/ });
  await again.getByLabel("Why?").fill("its role may do that by now");
  await again.getByRole("button", { name: "Rotate it" }).click();
  await told(page, "is being rotated");
  await page.getByRole("link", { name: "Onboarding" }).first().click();
  await expect(page.getByRole("region", { name: "What was taken over" })).toContainText("1 taken over");
  await page.goto("/onboarding?q=svc_takeover&can=yes");
  await expect(page.getByRole("checkbox", { name: "Take over svc_takeover in takeover-db, Password" })).toHaveCount(0);
});
