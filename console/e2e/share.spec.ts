import type { Page } from "@playwright/test";
import { expect, holds, test, visit, watched } from "./base";
import { found, person } from "./call";
import { address } from "./company";
import { choose, told } from "./form";

const value = "Somebody-outside-reads-this-4711";

// nowhere says that a value is not in the address of a page, or in what it keeps.
async function nowhere(page: Page, secret: string): Promise<void> {
  expect(page.url()).not.toContain(secret);
  expect(await page.evaluate(async () => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state, await caches.keys()]))).not.toContain(secret);
}

test("a secret is given to somebody outside, who opens it once", async ({ all, browser }) => {
  const owner = await all.as("head");
  const giver = await person(await all.as("employee"));
  await visit(owner, "/safes");
  await owner.getByRole("button", { name: "Add a safe" }).click();
  const form = owner.getByRole("dialog", { name: "Add a safe" });
  await form.getByRole("textbox", { name: "Name" }).fill("suppliers");
  await choose(form.getByRole("combobox", { name: /^May it be given to people outside/ }), "For a day at most");
  await form.getByRole("button", { name: "Add it" }).click();
  await told(owner, "The safe suppliers is there");
  await owner.getByRole("link", { name: "suppliers", exact: true }).click();
  await owner.getByRole("button", { name: "Give a right" }).click();
  const right = owner.getByRole("dialog", { name: /Who may use what is in/ });
  await choose(right.getByRole("combobox", { name: "Who" }), new RegExp(giver.name), giver.name);
  await right.getByText(/^Use it and see it$/).click();
  await right.getByLabel("Why?").fill("works with suppliers");
  await right.getByRole("button", { name: "Give the right" }).click();
  await told(owner, giver.name);
  await owner.getByRole("button", { name: "Keep a secret in it" }).click();
  const keep = owner.getByRole("dialog", { name: "Keep a secret in suppliers" });
  await keep.getByRole("textbox", { name: "Name" }).fill("upload account");
  await keep.getByText("I give it").click();
  await keep.getByLabel(/^The value/).fill(value);
  await keep.getByRole("button", { name: "Keep it" }).click();
  await told(owner, "upload account is kept in suppliers");

  const secret = await found(giver.page, "/v1/secrets", "upload account");
  await giver.page.goto(`/secrets/${secret}`);
  await giver.page.getByRole("button", { name: "More" }).click();
  await giver.page.getByRole("menuitem", { name: "Give it outside" }).click();
  const give = giver.page.getByRole("dialog", { name: "Give upload account outside" });
  const does = give.getByRole("button", { name: "Make the link" });
  await give.getByLabel("For whom?").fill("Rosa Vidal");
  await give.getByLabel("Their email address").fill("rosa@supplier.example");
  await expect(does).toBeDisabled(); // without a reason
  await give.getByLabel("Why?").fill("she loads the prices");
  await holds(giver.page, "a secret is given outside");
  await does.click();
  await expect(give.getByLabel("Link", { exact: true })).toBeVisible();
  await holds(giver.page, "what opens a share");
  const link = new URL((await give.getByLabel("Link", { exact: true }).textContent())!);
  const code = (await give.getByLabel("Code", { exact: true }).textContent())!;
  await give.getByRole("button", { name: "Done" }).click();
  await expect(giver.page.getByRole("region", { name: "Given to people outside" })).toContainText("Rosa Vidal");
  await nowhere(giver.page, link.hash.slice(1));
  await visit(giver.page, "/shares");

  const there = address + link.pathname + link.hash;
  const scanner = await watched(browser);
  await scanner.goto(there); // looks, and presses nothing
  await expect(scanner.getByRole("button", { name: "Open it" })).toBeVisible();

  const rosa = await watched(browser);
  await rosa.goto(there);
  await expect(rosa).toHaveURL(/\/share$/); // the token is out of the address
  await holds(rosa, "a link that was given");
  await rosa.getByRole("button", { name: "Open it" }).click();
  const typed = rosa.getByRole("textbox", { name: "Code" });
  await typed.fill("WRONG1");
  await rosa.getByRole("button", { name: "Show it" }).click();
  await expect(rosa.getByRole("alert")).toContainText("not the code");
  await holds(rosa, "a link with a wrong code");
  await typed.fill(code.toLowerCase());
  await rosa.getByRole("button", { name: "Show it" }).click();
  await expect(rosa.getByRole("heading", { name: `From ${giver.name}` })).toBeVisible();
  await expect(rosa.getByText(value)).toHaveCount(0); // until she asks for it
  await rosa.getByRole("button", { name: "Show it" }).click();
  await expect(rosa.getByText(value)).toBeVisible();
  await holds(rosa, "what was given");
  await nowhere(rosa, value);

  await scanner.getByRole("button", { name: "Open it" }).click();
  await expect(scanner.getByRole("heading", { name: "This link opens nothing" })).toBeVisible();
  await holds(scanner, "a link that was opened");

  await giver.page.goto(`/secrets/${secret}`);
  const seen = giver.page.getByRole("region", { name: "Who has seen it" });
  await expect(seen.getByRole("listitem").filter({ hasText: "Rosa Vidal, outside" })).toContainText("opened a link");
  await holds(giver.page, "a secret that somebody outside has seen");
  await visit(giver.page, "/shares?past=1");
  await expect(giver.page.getByRole("row").filter({ hasText: "Rosa Vidal" })).toContainText("Opened");
});
