import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test as plain, type Browser, type BrowserContextOptions, type CDPSession, type Locator, type Page } from "@playwright/test";

// Who may be signed in: a link for each is in WRIT_LINKS. head holds three functions, an
// employee none.
export type Who = "head" | "iam" | "security_operations" | "platform_owner" | "audit" | "employee" | "visitor" | "traveller";

interface Seen {
  as: (who: Who) => Promise<Page>;
}

// test gives pages on which somebody is signed in, with a passkey. A link is good once, so
// whoever is signed in stays it for all tests. A page that breaks, or does what its policy
// refuses, fails the test that it was in.
export const test = plain.extend<object, { all: Seen }>({
  all: [async ({ browser }, use) => {
    const pages = new Map<Who, Promise<Page>>();
    await use({
      as: (who) => {
        const page = pages.get(who) ?? signIn(browser, who);
        pages.set(who, page);
        return page;
      },
    });
  }, { scope: "worker", timeout: 60_000 }],
});

const wrongs: string[] = [];

test.beforeEach(() => { wrongs.length = 0; });
test.afterEach(() => { expect(wrongs).toEqual([]); });

// watched is a page whose errors fail the test.
export async function watched(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await (await browser.newContext({ baseURL: process.env.WRIT_URL, ...options })).newPage();
  page.on("pageerror", (error) => wrongs.push(error.message));
  await page.exposeFunction("refused", (what: string) => wrongs.push(what));
  await page.addInitScript(() => document.addEventListener("securitypolicyviolation", (e) => {
    (globalThis as unknown as { refused: (what: string) => void }).refused(`${e.effectiveDirective} ${e.blockedURI} ${e.sourceFile}`);
  }));
  return page;
}

export async function authenticator(page: Page): Promise<{ client: CDPSession; id: string }> {
  const client = await page.context().newCDPSession(page);
  await client.send("WebAuthn.enable");
  const { authenticatorId: id } = await client.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  return { client, id };
}

// confirm shows the passkey where it is asked for, until what was to happen did. It says
// whether it was asked for: it may have been shown lately.
export async function confirm(page: Page, outcome: Locator): Promise<boolean> {
  const asked = page.getByRole("dialog", { name: "Confirm that it is you" });
  await expect(asked.or(outcome).first()).toBeVisible();
  const was = await asked.isVisible();
  if (was) await asked.getByRole("button", { name: "Use passkey" }).click();
  await expect(asked).toHaveCount(0);
  await expect(outcome).toBeVisible();
  return was;
}

export function linkOf(who: Who): string {
  return (JSON.parse(process.env.WRIT_LINKS ?? "{}") as Record<Who, string>)[who];
}

async function signIn(browser: Browser, who: Who): Promise<Page> {
  const page = await watched(browser);
  await authenticator(page);
  await page.goto(linkOf(who));
  await expect(page).toHaveURL(/\/welcome$/); // the secret is out of the address
  await page.getByRole("button", { name: "Sign me in" }).click();
  await page.getByRole("button", { name: "Make a passkey" }).click();
  await expect(page.getByRole("heading", { level: 1, name: /on fire|hold/ })).toBeVisible();
  return page;
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Found {
  id: string;
  impact: string | null;
  nodes: { html: string; failureSummary?: string }[];
}

// grave are the serious and critical findings of axe on what is shown: of all rules, or of
// those alone that colours decide. axe is put in by the debugger, which the page's policy
// does not bind.
export async function grave(page: Page, colours = false): Promise<string[]> {
  await page.evaluate(axe);
  const found = await page.evaluate((only) => {
    const { run } = (globalThis as unknown as { axe: { run: (options: object) => Promise<{ violations: Found[] }> } }).axe;
    return run({ resultTypes: ["violations"], ...(only && { runOnly: ["color-contrast", "link-in-text-block"] }) }).then((r) => r.violations);
  }, colours);
  return found.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) => `${v.id}: ${v.nodes.map((n) => `${n.html} ${n.failureSummary ?? ""}`).slice(0, 3).join(" | ")}`);
}

export async function settled(page: Page): Promise<void> {
  await expect(page.locator("h1")).toBeVisible();
  await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
}

// holds looks at what is shown now at two widths, light and dark: nothing grave, nothing
// broken, and no wider than the window.
export async function holds(page: Page, name: string): Promise<void> {
  const problems: string[] = [];
  await page.bringToFront(); // a tab behind another is not painted anew
  for (const [width, height] of [[1440, 900], [390, 844]] as const) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", colorScheme, { timeout: 20_000 });
      await settled(page);
      const at = `${name} at ${width} ${colorScheme}`;
      for (const wrong of ["This page could not be shown", "This did not work"]) {
        if (await page.getByText(wrong).count() > 0) problems.push(`${at}: ${wrong}`);
      }
      for (const problem of await grave(page, colorScheme === "dark")) problems.push(`${at}: ${problem}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 1) problems.push(`${at}: the page is ${wide} wider than the window`);
      if (process.env.E2E_SHOTS) await page.screenshot({ path: `${process.env.E2E_SHOTS}/${name.replace(/\W+/g, "_")}-${width}-${colorScheme}.png`, fullPage: true });
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.emulateMedia({ colorScheme: "light" });
  expect(problems).toEqual([]);
}

// visit goes to a page and holds it to what every page is held to.
export async function visit(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await holds(page, path);
}

export { expect };
