import { authenticator, expect, linkOf, test, visit, watched } from "./base";

test("a link signs in once, and a passkey from then on", async ({ browser }) => {
  const page = await watched(browser);
  await authenticator(page);
  await page.goto(linkOf("employee"));
  await page.getByRole("button", { name: "Sign me in" }).click();
  await page.getByRole("button", { name: "Make a passkey" }).click();
  await page.getByRole("button", { name: /you, and how this looks/i }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await expect(page.getByRole("button", { name: /you, and how this looks/i })).toBeVisible();

  const thief = await watched(browser);
  await thief.goto(linkOf("employee"));
  await thief.getByRole("button", { name: "Sign me in" }).click();
  await expect(thief.getByRole("alert")).toContainText(/used|link/i);
  await expect(thief.getByRole("link", { name: "Sign in another way" })).toBeVisible();
});

test("the door itself holds", async ({ browser }) => {
  const page = await watched(browser);
  await visit(page, "/signin");
  await visit(page, "/welcome");
});
