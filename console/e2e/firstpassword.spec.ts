import type { Page } from "@playwright/test";
import { expect, holds, settled, test } from "./base";

// The first passwords of two accounts wait for the platform owner.
const gone = /There is no first password for you to pick up: it was picked up already, or has ended/i;

function rows(page: Page) {
  return page.getByRole("button", { name: "Pick it up" });
}

// begin opens the question before a password is shown, and says that nobody else looks.
async function begin(page: Page) {
  await rows(page).first().click();
  const dialog = page.getByRole("dialog", { name: /The first password of/ });
  await expect(dialog.getByRole("button", { name: "Show it once" })).toBeDisabled();
  await dialog.getByLabel(/Nobody else sees my screen/).check();
  return dialog;
}

// kept is all that a browser keeps of a page, and where it has been.
async function kept(page: Page): Promise<string> {
  return page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state, location.href, document.documentElement.outerHTML]));
}

test("to somebody else no first password is there, whatever they may", async ({ all }) => {
  const owner = await all.as("platform_owner");
  await owner.goto("/credentials");
  await settled(owner);
  await expect(rows(owner)).toHaveCount(2);
  const list = await owner.evaluate(async () => (await fetch("/v1/me/first-credentials")).status);
  expect(list).toBe(401); // a cookie without the browser's key opens nothing
  for (const who of ["head", "iam", "employee"] as const) {
    const page = await all.as(who);
    await page.goto("/credentials");
    await settled(page);
    await expect(page.getByText("None waits for you")).toBeVisible();
    await expect(page.getByText("warehouse-db")).toHaveCount(0);
  }
});

test("whom it is for sees it once, with a passkey, and a second time hears why not", async ({ all }) => {
  const page = await all.as("platform_owner");
  await page.goto("/credentials");
  await settled(page);
  await holds(page, "first passwords that wait");
  const second = await page.context().newPage(); // a tab that has not heard
  await second.goto("/credentials");
  await settled(second);
  await expect(rows(second)).toHaveCount(2);

  const dialog = await begin(page);
  await holds(page, "before a first password is shown");
  await dialog.getByRole("button", { name: "Show it once" }).click();
  const password = page.getByLabel("The first password", { exact: true });
  await expect(password).toBeVisible();
  const text = await password.innerText();
  expect(text).toMatch(/^[a-zA-Z0-9+\-=.:@%]{24}$/);
  await page.keyboard.press("Escape"); // a slip of a key does not lose it
  await expect(password).toBeVisible();
  await holds(page, "a first password");
  expect(await page.evaluate(() => location.href + JSON.stringify(history.state) + JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }))).not.toContain(text);

  await page.goBack(); // without having said that it was handed on
  await page.goForward();
  await settled(page);
  await expect(rows(page)).toHaveCount(1);
  expect(await kept(page)).not.toContain(text);

  const again = await begin(second);
  await again.getByRole("button", { name: "Show it once" }).click();
  await expect(again.getByText(gone)).toBeVisible();
  await holds(second, "a first password that is gone");
  await again.getByRole("button", { name: "Not now" }).click();
  await expect(rows(second)).toHaveCount(1);
  await second.close();
});

test("what was handed on is closed, and leaves the page", async ({ all }) => {
  const page = await all.as("platform_owner");
  await page.goto("/credentials");
  await settled(page);
  const dialog = await begin(page);
  await dialog.getByRole("button", { name: "Show it once" }).click();
  const password = page.getByLabel("The first password", { exact: true });
  await expect(password).toBeVisible();
  const text = await password.innerText();
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Copy", exact: true }).click();
  await expect(page.getByText("Copied")).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(text);
  await page.getByRole("button", { name: "I have handed it on" }).click();
  await expect(page.getByText("None waits for you")).toBeVisible();
  expect(await kept(page)).not.toContain(text);
});
