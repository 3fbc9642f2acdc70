import type { Page } from "@playwright/test";
import { expect, holds, test, visit } from "./base";
import { call, found, person } from "./call";
import { act, choose, of, told } from "./form";

const services = (page: Page) => page.getByRole("region", { name: "Who uses it, and is told" });

test("services that use a secret are told in their order, confirm by hand, and are changed and removed", async ({ all }) => {
  const page = await all.as("head");
  const secret = await found(page, "/v1/secrets", "reporting");
  await visit(page, `/secrets/${secret}`);
  const rows = services(page).getByRole("listitem");
  await expect(rows.filter({ hasText: "warehouse-loader" })).toContainText("Uses version 1");
  await page.getByRole("button", { name: "Add a service" }).click();
  const add = page.getByRole("dialog", { name: "Which service uses reporting?" });
  await add.getByRole("textbox", { name: "Name" }).fill("dashboard");
  await expect(add.getByRole("button", { name: "Add it" })).toBeDisabled(); // it is told by nothing
  await add.getByRole("textbox", { name: "Told by which hook?" }).fill("dashboard");
  await add.getByRole("textbox", { name: "Place" }).fill("2");
  await holds(page, "a consumer is added");
  await add.getByRole("button", { name: "Add it" }).click();
  await told(page, "dashboard is told when reporting has another value");

  await page.getByRole("button", { name: of("It uses it", "monthly-figures") }).click();
  await act(page, "It uses it", "monthly-figures uses version 1");
  await expect(rows.filter({ hasText: "dashboard" })).toContainText("Could not be told of"); // no node declares its hook
  await holds(page, "consumers");
  await page.getByRole("button", { name: "Tell dashboard earlier" }).click();
  await told(page, "dashboard has another place");
  await expect(rows.nth(1)).toContainText("dashboard");
  await page.getByRole("button", { name: of("Change it", "dashboard") }).click();
  const change = page.getByRole("dialog", { name: "Change dashboard" });
  await choose(change.getByRole("combobox", { name: "Reads it as" }), (await person(page)).name, (await person(page)).name);
  await change.getByRole("textbox", { name: "Told by which hook?" }).fill("");
  await act(page, "Save", "dashboard is changed");
  await page.getByRole("button", { name: of("It uses it", "dashboard") }).click();
  await act(page, "It uses it", "dashboard uses version 1");
  await page.getByRole("button", { name: of("Remove it", "dashboard") }).click();
  await act(page, "Remove it", "dashboard is told no more");
  await expect(rows).toHaveCount(2);
});

test("whoever may not change the secret sees who uses it, and no button", async ({ all }) => {
  const head = await all.as("head");
  const secret = await found(head, "/v1/secrets", "reporting");
  const auditor = await all.as("audit");
  await auditor.goto(`/secrets/${secret}`);
  const region = services(auditor);
  await expect(region.getByRole("listitem").filter({ hasText: "warehouse-loader" })).toBeVisible();
  await expect(region.getByRole("button")).toHaveCount(0);
  const list = (await call(head, "GET", `/v1/consumers?secret=${secret}`)).body as { items: { id: string; name: string; owner: string; hook?: string; reader?: string; place: number }[] };
  const { id, name, owner, reader } = list.items[0]!;
  expect((await call(auditor, "PUT", `/v1/consumers/${id}`, { name, owner, reader, place: 5 })).status).toBe(403);
  expect((await call(auditor, "DELETE", `/v1/consumers/${id}`)).status).toBe(403);
  expect((await call(auditor, "POST", `/v1/consumers/${id}/confirm`, { version: 1 })).status).toBe(403);
});

test("two accounts take turns under a secret, and one stays", async ({ all }) => {
  const page = await all.as("head");
  await page.goto(`/secrets/${await found(page, "/v1/secrets", "postgres at payroll-db")}`);
  const pair = page.getByRole("region", { name: "Accounts that take turns" });
  await pair.getByRole("button", { name: "Add a second account" }).click();
  const dialog = page.getByRole("dialog", { name: /^Which account takes turns/ });
  await expect(dialog.getByRole("button", { name: "Let them take turns" })).toBeDisabled();
  await choose(dialog.getByRole("combobox", { name: "Account" }), /./);
  await act(page, "Let them take turns", "Two accounts take turns under postgres at payroll-db");
  await expect(pair).toContainText("Live");
  await holds(page, "a pair");
  await pair.getByRole("button", { name: "One account again" }).click();
  await act(page, "One account again", "postgres at payroll-db opens one account again");
  await expect(pair.getByRole("button", { name: "Add a second account" })).toBeVisible();
});
