import { execFileSync } from "node:child_process";
import type { Page } from "@playwright/test";
import { expect, holds, settled, test, visit } from "./base";
import { call, found, person } from "./call";
import { act, choose, of, told } from "./form";

const port = process.env.E2E_POSTGRES ?? "";
const system = "lab-lease"; // of this spec alone, as are the roles that it makes

// sql asks the cluster itself.
function sql(text: string): string {
  return execFileSync("psql", ["-X", "-w", "-At", "-d", `postgres://postgres@127.0.0.1:${port}/postgres`, "-c", text], { encoding: "utf8" }).trim();
}

const there = (login: string) => sql(`select count(*) from pg_roles where rolname = '${login}'`);

// joined adds the cluster as a system that is read, and waits until its entitlements are known.
async function joined(page: Page): Promise<void> {
  const { id: owner } = await person(page);
  const added = await call(page, "POST", "/v1/systems", { name: system, kind: "postgres", address: `postgres://postgres@127.0.0.1:${port}/postgres?sslmode=disable`, business_owner: owner, technical_owner: owner });
  expect(added.status, JSON.stringify(added.body)).toBe(201);
  const { id } = added.body as { id: string };
  expect((await call(page, "POST", `/v1/systems/${id}/activate`, undefined, added.tag)).status).toBe(200);
  await expect.poll(async () => ((await call(page, "GET", `/v1/entitlements?q=${encodeURIComponent(`system:${system} pg_monitor`)}`)).body as { items: unknown[] | null }).items?.length ?? 0, { timeout: 60_000 }).toBe(1);
}

// made has an account made by the template, and returns its login. What opens it is on the page
// only while it is shown, and nowhere once that is closed.
async function made(page: Page): Promise<string> {
  await page.goto("/leases/own");
  await page.getByRole("button", { name: of("Have one made", "figures") }).click();
  const ask = page.getByRole("dialog", { name: `Have an account in ${system} made` });
  await expect(ask.getByRole("button", { name: "Have it made" })).toBeDisabled(); // without a reason
  await ask.getByLabel("Why?").fill("the monthly figures");
  await ask.getByRole("button", { name: "Have it made" }).click();
  const given = page.getByRole("dialog", { name: `Your account in ${system}` });
  await expect(given).toBeVisible();
  const login = await given.getByLabel("The login").innerText();
  await given.getByRole("button", { name: "Show it" }).click();
  const password = await given.getByLabel("The password").innerText();
  expect(password.length).toBeGreaterThan(20);
  await given.getByRole("button", { name: "Hide it" }).click();
  expect(await page.content()).not.toContain(password);
  await page.keyboard.press("Escape");
  await expect(given).toBeVisible(); // no slip of a key loses it
  await holds(page, "an account is given");
  await given.getByRole("button", { name: "I have it" }).click();
  await expect(given).toHaveCount(0);
  expect(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state]))).not.toContain(password);
  expect(there(login)).toBe("1");
  return login;
}

// One story: each test goes on with the template that the first has added.
test.describe.serial("an account for one use in a real cluster", () => {
  test("has a template, and somebody who may have one made", async ({ all }) => {
    const page = await all.as("head");
    const one = await person(await all.as("employee"));
    await joined(page);
    await visit(page, "/lease-templates");
    await page.getByRole("button", { name: "Add a template" }).click();
    const form = page.getByRole("dialog", { name: "Add a template" });
    await form.getByRole("textbox", { name: "Name" }).fill("figures");
    await choose(form.getByRole("combobox", { name: "System" }), system, system);
    await choose(form.getByRole("combobox", { name: "Add an entitlement" }), "pg_monitor", `system:${system} pg_monitor`);
    await form.getByRole("textbox", { name: "Who gets what the account owned?" }).fill("e2e_lease_heir");
    await expect(form.getByRole("button", { name: "Add it" })).toBeDisabled(); // without a reason
    await form.getByLabel("Why?").fill("the monthly figures");
    await holds(page, "a template is added");
    await form.getByRole("button", { name: "Add it" }).click();
    await told(page, "The template figures is there");
    await page.getByRole("link", { name: "figures" }).click();
    await page.getByRole("button", { name: "Give a right" }).click();
    const give = page.getByRole("dialog", { name: "Who may have an account by figures?" });
    await choose(give.getByRole("combobox", { name: "Who" }), new RegExp(one.name), one.name);
    await act(page, "Give the right", `${one.name} may have an account made`, "makes them each month");
    await page.getByRole("button", { name: "Change it" }).click();
    await page.getByRole("dialog").getByLabel("What is it for?").fill("Reads what the monitor sees");
    await act(page, "Save", "figures is changed", "so that others know");
    await expect(page.getByText("Reads what the monitor sees")).toBeVisible();
    await holds(page, "a template");
  });

  test("is made, renewed and given back by whoever may, and seen by those who watch", async ({ all }) => {
    const page = await all.as("employee");
    await page.goto("/leases/own");
    const login = await made(page);
    await page.getByRole("button", { name: of("Have it longer", login) }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Have it longer" }).click();
    await told(page, `${login} lasts longer`);
    await holds(page, "accounts of ones own");
    await page.getByRole("link", { name: login }).click();
    await expect(page.getByText("“the monthly figures”").first()).toBeVisible();
    await holds(page, "a lease");
    await page.getByRole("button", { name: of("Give it back", login) }).click();
    await told(page, `${login} is being taken away`);
    await expect(page.getByText("Seen gone")).toBeVisible();
    expect(there(login)).toBe("0");

    const auditor = await all.as("audit");
    await visit(auditor, "/leases");
    await auditor.getByRole("switch", { name: "What is over" }).click();
    await expect(auditor.getByRole("region", { name: "Over" }).getByRole("listitem").filter({ hasText: login })).toContainText("it was given back");
  });

  test("is taken back, and tried again where it cannot be taken away", async ({ all }) => {
    const one = await all.as("employee");
    const login = await made(one);
    sql(`create table e2e_lease_left (n int); alter table e2e_lease_left owner to ${login}`); // and there is no heir
    const page = await all.as("security_operations");
    await page.goto("/leases");
    await page.getByRole("button", { name: of("Take it back", login) }).click();
    await act(page, "Take it back", `${login} is taken back`, "an alarm");
    const stuck = page.getByRole("region", { name: "Over, and not taken away yet" });
    await expect(stuck.getByRole("listitem").filter({ hasText: login })).toContainText("Tried");
    await holds(page, "leases that are stuck");
    await stuck.getByRole("button", { name: of("Try it now", login) }).click();
    await act(page, "Try it now", `${login} is tried again now`, "there is an heir soon");
    sql("create role e2e_lease_heir"); // from here on it may go by itself at any time
    await expect(stuck).toHaveCount(0, { timeout: 60_000 });
    expect(there(login)).toBe("0");
    expect(sql("select tableowner from pg_tables where tablename = 'e2e_lease_left'")).toBe("e2e_lease_heir");
  });

  test("goes with all others of its template, and the template goes", async ({ all }) => {
    const one = await all.as("employee");
    const logins = [await made(one), await made(one)];
    const page = await all.as("head");
    await page.goto("/leases");
    await choose(page.getByRole("combobox", { name: "Template" }), "figures");
    await page.getByRole("button", { name: "Take several back" }).click();
    await expect(page.getByRole("dialog").getByRole("checkbox")).toHaveCount(2);
    await holds(page, "several leases are taken back");
    await act(page, "Take 2 back", "2 are taken back", "the lab is closed");
    await expect(page.getByText("No account is there for one use")).toBeVisible();
    for (const login of logins) expect(there(login)).toBe("0");

    await page.goto(`/lease-templates/${await found(page, "/v1/lease-templates", "figures")}`);
    await page.getByRole("button", { name: /^Take it ?from/ }).click();
    await act(page, "Take it", "has that right no more", "has moved");
    await page.getByRole("button", { name: "Retire it" }).click();
    await act(page, "Retire it", "figures is retired", "the lab is closed");
  });
});

test("whoever may not sees no button, and is refused past it", async ({ all }) => {
  const head = await all.as("head");
  const template = await found(head, "/v1/lease-templates", "closing");
  const auditor = await all.as("audit");
  await visit(auditor, `/lease-templates/${template}`);
  const main = auditor.getByRole("main");
  for (const name of [/^Have one made/, /^Change it/, /^Retire/, /^Give a right/, /^Take it/]) await expect(main.getByRole("button", { name })).toHaveCount(0);
  expect((await call(auditor, "POST", `/v1/lease-templates/${template}/retire`, { reason: "x" })).status).toBe(403);
  await auditor.goto("/lease-templates");
  await expect(auditor.getByRole("button", { name: /Add a template is not possible/ })).toBeVisible();

  const employee = await all.as("employee");
  await employee.goto(`/lease-templates/${template}`);
  await expect(employee.getByText("There is nothing here")).toBeVisible();
  expect((await call(employee, "POST", "/v1/leases", { template, reason: "x" })).status).toBe(404);
  await employee.goto("/leases/own");
  await settled(employee);
  await expect(employee.getByText("There is nothing that you may have made")).toBeVisible();
});
