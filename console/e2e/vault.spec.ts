import type { Locator, Page } from "@playwright/test";
import { expect, grave, holds, test, visit } from "./base";
import { call, found, person, type Person } from "./call";
import { act, choose, of, told } from "./form";

const value = "Nobody-reads-this-4711";

async function give(owner: Page, to: Person, right: RegExp): Promise<void> {
  await owner.getByRole("button", { name: "Give a right" }).click();
  const dialog = owner.getByRole("dialog", { name: /Who may use what is in/ });
  await choose(dialog.getByRole("combobox", { name: "Who" }), new RegExp(to.name), to.name);
  await dialog.getByText(right).click();
  await dialog.getByLabel("Why?").fill("works in the lab");
  await dialog.getByRole("button", { name: "Give the right" }).click();
  await told(owner, to.name);
}

async function checkOut(page: Page, secret: string): Promise<Locator> {
  await page.goto("/secrets");
  await page.getByRole("button", { name: of("Check it out", secret) }).click();
  const dialog = page.getByRole("dialog", { name: `Check ${secret} out` });
  await expect(dialog.getByRole("button", { name: "Check it out" })).toBeDisabled(); // without a reason
  await dialog.getByLabel("Why?").fill("the door is stuck");
  await dialog.getByRole("button", { name: "Check it out" }).click();
  return dialog;
}

// nowhere says that a value is not on a page, in its address, or in what it keeps.
async function nowhere(page: Page): Promise<void> {
  expect(await page.content()).not.toContain(value);
  expect(page.url()).not.toContain(value);
  expect(await page.evaluate(async () => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state, await caches.keys()]))).not.toContain(value);
}

// One story: each test goes on with the safe that the first has added.
test.describe.serial("a secret that two people have in turn", () => {
  test("is stored in a safe with terms, in which each is given a right", async ({ all }) => {
    const owner = await all.as("head");
    const one = await person(await all.as("employee"));
    const two = await person(await all.as("security_operations"));
    await visit(owner, "/safes");
    await owner.getByRole("button", { name: "Add a safe" }).click();
    const form = owner.getByRole("dialog", { name: "Add a safe" });
    await form.getByRole("textbox", { name: "Name" }).fill("lab");
    await choose(form.getByRole("combobox", { name: "How many have a secret at once?" }), "One person at a time");
    await form.getByRole("switch", { name: "What comes back is given another value" }).click();
    await form.getByRole("button", { name: "Others have to agree" }).click();
    await holds(owner, "a safe is added");
    await form.getByRole("button", { name: "Step 1 is not needed" }).click();
    await form.getByRole("button", { name: "Add it" }).click();
    await told(owner, "The safe lab is there");
    await owner.getByRole("link", { name: "lab", exact: true }).click();
    await give(owner, one, /^Use it and see it$/);
    await give(owner, two, /^Use it, and not see it$/);
    await owner.getByRole("button", { name: "Keep a secret in it" }).click();
    const keep = owner.getByRole("dialog", { name: "Keep a secret in lab" });
    await keep.getByRole("textbox", { name: "Name" }).fill("lab door");
    await keep.getByText("I give it").click();
    await keep.getByLabel(/^The value/).fill(value);
    await keep.getByRole("button", { name: "Keep it" }).click();
    await told(owner, "lab door is kept in lab");
    await holds(owner, "a safe");
    await nowhere(owner);
  });

  test("is out once at a time, seen by one, and due when it comes back, and all that is known", async ({ all }) => {
    const one = await person(await all.as("employee"));
    const two = await all.as("security_operations");
    await checkOut(one.page, "lab door");
    await told(one.page, "You have lab door out");
    await holds(one.page, "secrets of ones own");
    const taken = await checkOut(two, "lab door");
    await expect(taken.getByRole("alert")).toContainText(`${one.name} has the secret out`);

    await one.page.getByRole("region", { name: "You have out" }).getByRole("link", { name: "lab door" }).click();
    await reveal(one.page);
    await one.page.getByRole("button", { name: of("Have it longer", "lab door") }).click();
    await one.page.getByRole("dialog", { name: "Have lab door longer" }).getByRole("button", { name: "Have it longer" }).click();
    await told(one.page, /You have lab door .* longer/);
    await one.page.getByRole("button", { name: of("Check it in", "lab door") }).click();
    await told(one.page, "lab door is given back");

    const owner = await all.as("head");
    await owner.goto(one.page.url());
    const seen = owner.getByRole("region", { name: "Who has seen it" });
    await expect(seen.getByRole("listitem").filter({ hasText: one.name })).toContainText("looked at it while it was out");
    await expect(seen.getByRole("listitem")).toHaveCount(2); // and who gave it
    await expect(owner.getByText(/it came back from a check-out/)).toBeVisible();
    await expect(owner.getByText(/Waits for a person/)).toBeVisible(); // nobody has said what it opens
  });

  test("is had by the other then, and taken back from them", async ({ all }) => {
    const two = await person(await all.as("security_operations"));
    await checkOut(two.page, "lab door");
    await told(two.page, "You have lab door out");
    const owner = await all.as("head");
    await visit(owner, "/checkouts");
    await owner.getByRole("button", { name: of("Take it back", "lab door") }).click();
    const force = owner.getByRole("dialog", { name: `Take lab door back from ${two.name}` });
    await expect(force.getByRole("button", { name: "Take it back" })).toBeDisabled(); // without a reason
    await force.getByLabel("Why?").fill("an incident");
    await force.getByRole("button", { name: "Take it back" }).click();
    await told(owner, "lab door is taken back");
    await expect(owner.getByRole("button", { name: of("Take it back", "lab door") })).toHaveCount(0);
    await owner.getByRole("switch", { name: "What was out before" }).click();
    await expect(owner.getByRole("row").filter({ hasText: "Taken back" })).toContainText("an incident");
  });
});

// reveal sees what it takes to see a secret, and that it is nowhere but where it is shown.
async function reveal(page: Page): Promise<void> {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Reveal it" }).click();
  const dialog = page.getByRole("dialog", { name: "Reveal lab door" });
  const does = dialog.getByRole("button", { name: "Reveal it" });
  await dialog.getByLabel("Why do you have to see it?").fill("the lock takes no card");
  await expect(does).toBeDisabled();
  await dialog.getByRole("checkbox", { name: /^I have to know it/ }).check();
  await holds(page, "a secret is revealed");
  await page.clock.install();
  await does.click();
  await expect(dialog.getByText("It is not shown.")).toBeVisible();
  await nowhere(page);
  await page.bringToFront();
  await dialog.getByRole("button", { name: "Copy without showing" }).click();
  await expect(dialog.getByRole("status")).toContainText("Copied");
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(value);
  await nowhere(page);
  await dialog.getByRole("button", { name: "Show it" }).click();
  await expect(dialog.getByText(value)).toBeVisible();
  expect(await grave(page)).toEqual([]);
  await dialog.getByRole("button", { name: "Hide it" }).click();
  await nowhere(page);
  await dialog.getByRole("button", { name: "Show it" }).click();
  await page.clock.fastForward(31_000);
  await expect(dialog).toHaveCount(0); // gone by itself
  await nowhere(page);
  await page.evaluate(() => navigator.clipboard.writeText(""));
}

test("whoever has no right sees no button, and is refused past it", async ({ all }) => {
  const owner = await all.as("head");
  const secret = await found(owner, "/v1/secrets", "bank portal");
  const out = ((await call(owner, "GET", `/v1/checkouts?secret=${secret}`)).body as { items: { id: string }[] }).items[0]!.id;
  const auditor = await all.as("audit");
  await visit(auditor, `/secrets/${secret}`);
  await expect(auditor.getByText("have no right in its safe")).toBeVisible();
  const main = auditor.getByRole("main");
  for (const name of [/^Check it/, /Reveal/, /Rotate/, /^More/, /^Take it back/, /^Say when/]) await expect(main.getByRole("button", { name })).toHaveCount(0);
  for (const [way, body] of [["checkouts", { reason: "x" }], ["reveal", { reason: "x" }], ["versions", { generate: true }], ["delete", {}], ["destroy", { reason: "x" }]] as const) {
    expect((await call(auditor, "POST", `/v1/secrets/${secret}/${way}`, body)).status, way).toBe(403);
  }
  expect((await call(auditor, "POST", `/v1/checkouts/${out}/force`, { reason: "x" })).status).toBe(403);
  expect((await call(auditor, "POST", "/v1/rotations", { secrets: [secret], reason: "x" })).status).toBe(403);

  const employee = await all.as("employee");
  await employee.goto(`/secrets/${secret}`);
  await expect(employee.getByText("There is nothing here")).toBeVisible();
  expect((await call(employee, "POST", `/v1/secrets/${secret}/checkouts`, { reason: "x" })).status).toBe(404);
  await expect(employee.getByRole("navigation").getByRole("link", { name: "Rotation" })).toHaveCount(0);
});

async function more(page: Page, item: string): Promise<void> {
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

test("a safe and a secret are changed, deleted and brought back by their owner", async ({ all }) => {
  const page = await all.as("head");
  const me = await person(page);
  const one = await person(await all.as("employee"));
  const { id } = (await call(page, "POST", "/v1/safes", { name: "drawer", owner: me.id, terms: { most_minutes: 60 } })).body as { id: string };
  await page.goto(`/safes/${id}`);
  await page.getByRole("button", { name: "Change the safe" }).click();
  await page.getByRole("dialog").getByLabel("What is in it?").fill("Keys of old cupboards");
  await act(page, "Save", "drawer is changed");
  await expect(page.getByText("Keys of old cupboards")).toBeVisible();
  await give(page, one, /^Use it, and not see it$/);
  await page.getByRole("button", { name: new RegExp(`^Take it ?from ${one.name}`) }).click();
  await act(page, "Take it", "has that right no more", "has moved");
  await page.getByRole("button", { name: "Keep a secret in it" }).click();
  await page.getByRole("dialog").getByRole("textbox", { name: "Name" }).fill("cupboard");
  await act(page, "Keep it", "cupboard is kept in drawer");
  await page.getByRole("button", { name: "Rotate what is in it" }).click();
  await act(page, "Rotate 1", "cupboard is being rotated", "nobody knows who has it");

  await page.getByRole("table", { name: "Secrets" }).getByRole("link", { name: "cupboard" }).click();
  await more(page, "Put another value");
  await page.getByRole("dialog").getByLabel(/^The value/).fill("another one, 2");
  await act(page, "Keep it", "cupboard has version 2 now");
  await page.getByRole("button", { name: "Delete version 1" }).click();
  await act(page, "Delete", "Version 1 is deleted");
  await page.getByRole("button", { name: "Bring back version 1" }).click();
  await act(page, "Bring back", "Version 1 is back");
  await more(page, "Describe it");
  await page.getByRole("dialog").getByRole("textbox", { name: "Name" }).fill("old cupboard");
  await act(page, "Save", "old cupboard is described anew");
  await expect(page.getByRole("heading", { level: 1, name: "old cupboard" })).toBeVisible();
  await page.getByRole("button", { name: "Say when" }).click();
  await act(page, "Save", "old cupboard is rotated every 30 days");
  await page.getByRole("button", { name: "Change when" }).click();
  await act(page, "Not by itself any more", "is not rotated by itself");
  await more(page, "Delete it");
  await act(page, "Delete", "old cupboard is deleted");
  await more(page, "Bring it back");
  await act(page, "Bring back", "old cupboard is back");
  await page.goto("/me?tab=secrets");
  await expect(page.getByRole("row").filter({ hasText: "drawer/old cupboard" })).toContainText("gave the value");
});

test("what others have to agree to is asked for, and withdrawn; what waits for a person is tried again", async ({ all }) => {
  const page = await all.as("head");
  await page.goto(`/secrets/${await found(page, "/v1/secrets", "bank portal")}`);
  await page.getByRole("button", { name: "Check it out" }).click();
  await act(page, "Ask for it", "Others are asked whether you may have bank portal", "the bank has changed its form");
  await page.getByRole("button", { name: of("Withdraw it", "bank portal") }).click();
  await told(page, "You ask for bank portal no more");
  await page.goto("/rotation?state=waiting");
  await page.getByRole("button", { name: of("Try it now", "databases/postgres at app-db") }).click();
  await act(page, "Rotate it", "is being rotated", "it was changed by hand");
});
