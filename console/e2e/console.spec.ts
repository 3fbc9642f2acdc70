import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test, type Page } from "@playwright/test";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const pages = ["/", "/coverage", "/findings", "/identities", "/entitlements", "/systems", "/audit", "/me", "/settings", "/search?q=payroll", "/device?code=ABCD-EFGH"];

interface Found {
  id: string;
  impact: string | null;
  nodes: { html: string; failureSummary?: string }[];
}

// grave are the serious and critical findings of axe on what is shown. axe is put in
// by the debugger, which the page's policy does not bind.
async function grave(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const found = await page.evaluate(() => (globalThis as unknown as { axe: { run: () => Promise<{ violations: Found[] }> } }).axe.run().then((r) => r.violations));
  return found.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) => `${v.id}: ${v.nodes.map((n) => `${n.html} ${n.failureSummary ?? ""}`).slice(0, 3).join(" | ")}`);
}

async function authenticator(page: Page): Promise<void> {
  const client = await page.context().newCDPSession(page);
  await client.send("WebAuthn.enable");
  await client.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
}

test("whoever has the link signs in, keeps a passkey, and every page holds", async ({ page }) => {
  const refused: string[] = [];
  const broken: string[] = [];
  page.on("pageerror", (error) => broken.push(error.message));
  await page.exposeFunction("refused", (what: string) => refused.push(what));
  await page.addInitScript(() => document.addEventListener("securitypolicyviolation", (e) => {
    (globalThis as unknown as { refused: (what: string) => void }).refused(`${e.effectiveDirective} ${e.blockedURI} ${e.sourceFile}`);
  }));
  await authenticator(page);

  await page.goto(process.env.WRIT_LINK ?? "");
  const name = page.getByLabel("Your name");
  const use = page.getByRole("button", { name: "Sign me in" });
  await expect(name.or(use)).toBeVisible();
  await expect(page).toHaveURL(/\/welcome$/); // the secret is out of the address
  if (await name.isVisible()) {
    await name.fill(process.env.WRIT_OWNER ?? "");
    await page.getByLabel("Your email address").fill(process.env.WRIT_EMAIL ?? "");
    await page.getByRole("button", { name: "Become the owner" }).click();
  } else {
    await use.click();
  }
  await page.getByRole("button", { name: "Make a passkey" }).click();
  await expect(page.getByRole("heading", { level: 1, name: /on fire/ })).toBeVisible();

  const problems: string[] = [];
  for (const [width, height] of [[1440, 900], [390, 844]] as const) {
    for (const scheme of ["light", "dark"] as const) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      for (const path of pages) {
        await page.goto(path);
        await expect(page.locator("h1")).toBeVisible();
        await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
        for (const wrong of ["This page could not be shown", "This did not work"]) {
          if (await page.getByText(wrong).count() > 0) problems.push(`${path} at ${width} ${scheme}: ${wrong}`);
        }
        for (const problem of await grave(page)) problems.push(`${path} at ${width} ${scheme}: ${problem}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wide > 1) problems.push(`${path} at ${width}: the page is ${wide} wider than the window`);
        if (process.env.WRIT_SHOTS) await page.screenshot({ path: `${process.env.WRIT_SHOTS}/${path.replace(/\W+/g, "_")}-${width}-${scheme}.png` });
      }
    }
  }
  expect(problems).toEqual([]);
  expect(refused).toEqual([]);
  expect(broken).toEqual([]);

  await page.setViewportSize({ width: 1440, height: 900 });
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search and commands" }).fill("settings");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/settings|search/);

  await page.getByRole("button", { name: /you, and how this looks/i }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await expect(page.getByRole("button", { name: /you, and how this looks/i })).toBeVisible(); // wherever they were
});
