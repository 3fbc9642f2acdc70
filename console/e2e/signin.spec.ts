import { authenticator, enter, expect, holds, settled, test, visit, watched } from "./base";
import { address } from "./company";
import { home, writ } from "./program";

const you = /you, and how this looks/i;

test("a link signs in once, a passkey from then on, and a copy of the passkey never", async ({ browser }) => {
  const page = await watched(browser);
  const keys = await authenticator(page);
  await enter(page, "visitor");
  await page.getByRole("button", { name: "Make a passkey" }).click();
  await page.getByRole("button", { name: you }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await expect(page.getByRole("button", { name: you })).toBeVisible();

  const thief = await watched(browser);
  await enter(thief, "visitor");
  await expect(thief.getByRole("alert")).toContainText(/used|link/i);
  await expect(thief.getByRole("link", { name: "Sign in another way" })).toBeVisible();
  await holds(thief, "a link that was used");

  const { credentials } = await keys.client.send("WebAuthn.getCredentials", { authenticatorId: keys.id });
  const copies = await authenticator(thief);
  for (const credential of credentials) await copies.client.send("WebAuthn.addCredential", { authenticatorId: copies.id, credential: { ...credential, signCount: 0 } });
  await thief.goto("/signin");
  await thief.getByRole("button", { name: "Sign in with a passkey" }).click();
  await expect(thief.getByRole("alert")).toContainText(/passkey/i);
  await expect(thief).toHaveURL(/signin/);
});

test("the door itself holds", async ({ browser }) => {
  const page = await watched(browser);
  await visit(page, "/signin");
  await visit(page, "/welcome");
});

test("a cookie is worth nothing in another browser", async ({ all, browser }) => {
  const owner = await all.as("audit");
  const thief = await watched(browser);
  await thief.context().addCookies(await owner.context().cookies());
  await thief.goto("/settings");
  await expect(thief).toHaveURL(/\/signin/);
  await expect(thief.getByRole("button", { name: you })).toHaveCount(0);
});

test("signing out leaves no other tab open, and a passkey leads back in", async ({ all }) => {
  const page = await all.as("platform_owner");
  await page.goto("/");
  const other = await page.context().newPage();
  await other.goto("/findings");
  await settled(other);
  await page.getByRole("button", { name: you }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(other).toHaveURL(/\/signin/);
  await other.goto("/me");
  await expect(other).toHaveURL(/\/signin\?to=/);
  await other.close();
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await expect(page.getByRole("button", { name: you })).toBeVisible();
});

test("a token does what it may, from where it may, until it is revoked", async ({ all }) => {
  const page = await all.as("iam");
  await page.goto("/settings");
  await expect(page.getByText("You have no token")).toBeVisible();
  await page.getByRole("button", { name: "Make a token" }).click();
  const dialog = page.getByRole("dialog", { name: "Make a token for a script" });
  await dialog.getByLabel("What is it for?").fill("Nightly report");
  await holds(page, "a token is made");
  await dialog.getByRole("button", { name: "Make it" }).click();
  await expect(page.getByLabel("The token")).toBeVisible();
  const token = await page.getByLabel("The token").textContent() ?? "";
  expect(token).toMatch(/^writ_/);
  await holds(page, "a token is shown");
  const use = (method: string, path: string) => fetch(address + path, { method, headers: { Authorization: `Bearer ${token}` } });
  expect((await use("GET", "/v1/findings?limit=1")).status).toBe(200);
  expect((await use("DELETE", "/v1/signins")).status).toBe(403);
  expect((await use("POST", "/v1/audit/verify")).status).toBe(403);

  await page.getByRole("button", { name: "I have kept it" }).click();
  await page.reload();
  await expect(page.getByText("Nightly report")).toBeVisible();
  await expect(page.getByText(token)).toHaveCount(0);
  await page.getByRole("button", { name: "Revoke Nightly report" }).click();
  await expect(page.getByText("Revoked", { exact: true })).toBeVisible();
  expect((await use("GET", "/v1/findings?limit=1")).status).toBe(401);
  await holds(page, "settings");
});

test("what could not be read again is said, and read once it can be", async ({ all }) => {
  const page = await all.as("iam");
  await page.goto("/settings");
  await settled(page);
  await page.route("**/v1/tokens*", (route) => (route.request().method() === "GET" ? route.abort() : route.continue()));
  await page.getByRole("button", { name: "Make a token" }).click();
  await page.getByRole("dialog").getByLabel("What is it for?").fill("Weekly report");
  await page.getByRole("button", { name: "Make it" }).click();
  await page.getByRole("button", { name: "I have kept it" }).click();
  const notice = page.getByRole("status").filter({ hasText: "What is shown may not be so any more" });
  await expect(notice).toContainText("Writ does not answer");
  await expect(page.getByText("Weekly report")).toHaveCount(0);
  await holds(page, "what is shown is old");
  await page.unroute("**/v1/tokens*");
  await notice.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByText("Weekly report")).toBeVisible();
  await expect(notice).toHaveCount(0);
  await page.getByRole("button", { name: "Revoke Weekly report" }).click();
  await expect(page.getByText("Revoked", { exact: true })).toHaveCount(2);
});

test("a program is signed in by somebody who has seen which one it is, and no longer than they like", async ({ all }) => {
  const page = await all.as("iam");
  const dir = home();
  const login = writ(dir, "login", address);
  const [, first] = await login.said(/Open (\S+)/);
  const [, key] = await login.said(/the key: (\S+)/);
  await page.goto(first!);
  await expect(page.getByText(key!)).toBeVisible(); // the same that the program shows
  await holds(page, "a program asks");
  const refused = writ(home(), "login", address);
  const [, second] = await refused.said(/Open (\S+)/);
  await page.getByRole("button", { name: /let it act as me/ }).click();
  await expect(page.getByText("The program is signed in as you")).toBeVisible();
  await page.goto(second!);
  await page.getByRole("button", { name: "No", exact: true }).click();
  await expect(page.getByText("Nothing was given")).toBeVisible();
  expect((await refused.ended).err).toContain("said no");
  expect((await login.ended).code).toBe(0);
  expect((await writ(dir, "api", "GET", "/v1/me").ended).out).toContain("identity");

  await page.goto("/settings");
  await page.getByRole("button", { name: /^End writ/ }).click();
  await expect(page.getByRole("button", { name: /^End writ/ })).toHaveCount(0);
  expect((await writ(dir, "api", "GET", "/v1/me").ended).code).not.toBe(0);

  await page.goto("/device?code=AAAA-BBBB");
  await expect(page.getByText("There is nothing here")).toBeVisible();
  await visit(page, "/device");
});
