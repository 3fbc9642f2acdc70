import { enter, expect, test, watched } from "./base";
import { holding, through } from "./proxy";

test("behind a proxy that holds answers back, what others do appears, and a run is followed", async ({ all, browser }) => {
  const other = await all.as("platform_owner");
  const proxy = await holding();
  const page = await watched(browser, through(proxy));
  await enter(page, "follower");
  await expect(page.getByRole("heading", { level: 1, name: /Keep a passkey|on fire/ })).toBeVisible();
  await page.goto("/audit?action=signin.&live=1");
  const begun = page.getByRole("button", { name: "Signin begin" });
  await expect(begun.first()).toBeVisible();
  const before = await begun.count();
  await other.goto("/");
  for (const after of [1, 2]) { // while the stream is silent, and when it is asked for in short
    await other.getByRole("button", { name: /you, and how this looks/i }).click();
    await other.getByRole("menuitem", { name: "Sign out" }).click();
    await other.getByRole("button", { name: "Sign in with a passkey" }).click();
    await expect(begun).toHaveCount(before + after, { timeout: 40_000 });
  }
  await expect(page.getByText("Live, joining again")).toHaveCount(0);

  await page.goto("/systems?q=workplace");
  await page.getByRole("link", { name: "workplace" }).click();
  const done = page.getByRole("region", { name: "The last runs" }).getByRole("listitem").filter({ hasText: /^Sync ?Done/ });
  await expect(page.getByRole("heading", { level: 1, name: /workplace/ })).toBeVisible();
  const read = await done.count();
  await page.getByRole("button", { name: "Read it now" }).click();
  await expect(done).toHaveCount(read + 1);
  proxy.end();
});
