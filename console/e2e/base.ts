import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, test as plain, type Browser, type BrowserContextOptions, type CDPSession, type Page } from "@playwright/test";
import { address } from "./company";

// Who may be signed in: a link for each is in E2E_LINKS. head holds three functions, an
// employee none; four sign in within a test of their own. At the firm there are Ana, who works
// on systems, Sol of security operations, Eva, and Olga, who heads it.
export type Who = "head" | "iam" | "security_operations" | "platform_owner" | "audit" | "employee" | "visitor" | "traveller" | "follower" | "confirming" | Firm;
type Firm = "ana" | "sol" | "eva" | "olga";

interface Seen {
  as: (who: Who) => Promise<Page>;
}

// test gives pages on which somebody is signed in, with a passkey, and stays it for all
// tests of a worker. A page that breaks, or does what its policy refuses, fails the test
// that it was in.
export const test = plain.extend<object, { all: Seen }>({
  all: [async ({ browser }, use, info) => {
    const pages = new Map<Who, Promise<Page>>();
    await use({
      as: (who) => {
        const kept = join(info.project.outputDir, `passkey-${info.parallelIndex}-${who}.json`);
        const page = pages.get(who) ?? signIn(browser, who, kept);
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
  const page = await (await browser.newContext({ baseURL: address, ...options })).newPage();
  page.on("pageerror", (error) => wrongs.push(error.message));
  await page.exposeFunction("refused", (what: string) => wrongs.push(what));
  await page.addInitScript(() => document.addEventListener("securitypolicyviolation", (e) => {
    (globalThis as unknown as { refused: (what: string) => void }).refused(`${e.effectiveDirective} ${e.blockedURI} ${e.sourceFile}`);
  }));
  return page;
}

// Keys are the passkeys of a browser, as a device without a person holds them.
export interface Keys {
  client: CDPSession;
  id: string;
}

export async function authenticator(page: Page): Promise<Keys> {
  const client = await page.context().newCDPSession(page);
  await client.send("WebAuthn.enable");
  const { authenticatorId: id } = await client.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  return { client, id };
}

// stepUp is where somebody who is signed in is asked for their passkey again.
export const stepUp = (page: Page) => page.getByRole("dialog", { name: "Confirm that it is you" });

// showing makes whoever is at a page show their passkey whenever they are asked for it. One
// that was shown lately is good for ten minutes, and how far a test is by then is the
// machine's affair.
async function showing(page: Page): Promise<void> {
  await page.addLocatorHandler(stepUp(page), (asked) => asked.getByRole("button", { name: "Use passkey" }).click());
}

export function linkOf(who: Who): string {
  const links = JSON.parse(process.env.E2E_LINKS ?? "{}") as Record<Who, string>;
  return address + links[who].slice(new URL(links[who]).origin.length);
}

// enter uses somebody's link up.
export async function enter(page: Page, who: Who): Promise<void> {
  await page.goto(linkOf(who));
  await expect(page).toHaveURL(/\/welcome$/); // the secret is out of the address
  await page.getByRole("button", { name: "Sign me in" }).click();
}

// signIn signs somebody in: by their link and a new passkey, and by that passkey where a
// worker before this one, which a failed test has ended, has used the link.
async function signIn(browser: Browser, who: Who, kept: string): Promise<Page> {
  const page = await watched(browser);
  const keys = await authenticator(page);
  if (existsSync(kept)) {
    await take(keys, kept);
    await page.goto("/signin");
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  } else {
    await enter(page, who);
    await page.getByRole("button", { name: "Make a passkey" }).click();
  }
  await expect(page.getByRole("heading", { level: 1, name: /on fire|hold/ })).toBeVisible();
  await keep(keys, kept);
  await showing(page);
  return page;
}

const ahead = 1000; // more than a worker ever asks a passkey

async function keep({ client, id }: Keys, file: string): Promise<void> {
  const { credentials } = await client.send("WebAuthn.getCredentials", { authenticatorId: id });
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(credentials[0]));
}

// take puts a passkey that was kept into a browser. It counts on beyond what the worker
// before may have come to: one that counts backwards is locked.
async function take({ client, id }: Keys, file: string): Promise<void> {
  const credential = JSON.parse(readFileSync(file, "utf8")) as Parameters<CDPSession["send"]>[1] & { signCount: number };
  await client.send("WebAuthn.addCredential", { authenticatorId: id, credential: { ...credential, signCount: credential.signCount + ahead } as never });
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
  if (!await page.evaluate(() => "axe" in globalThis)) await page.evaluate(`${axe}\naxe.configure({ rules: [{ id: "color-contrast", selector: "[data-looked-at]" }] })`);
  const found = await page.evaluate(look, colours);
  return found.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) => `${v.id}: ${v.nodes.map((n) => `${n.html} ${n.failureSummary ?? ""}`).slice(0, 3).join(" | ")}`);
}

// look runs in the page. What colours decide takes most of axe's time, and the rows of a
// table ask it the same question fifty times: of texts that are alike, one is looked at.
// Alike are those of which every element around them has the same name, classes and style,
// and the same computed colours and letters.
async function look(colours: boolean): Promise<Found[]> {
  const { axe } = globalThis as unknown as { axe: { run: (options: object) => Promise<{ violations: Found[] }> } };
  const known = new Map<Element, string>();
  const likeness = (e: Element): string => {
    const before = known.get(e);
    if (before !== undefined) return before;
    const s = getComputedStyle(e);
    const own = [e.localName, e.getAttribute("class"), e.getAttribute("style"), s.color, s.backgroundColor, s.backgroundImage, s.opacity, s.fontSize, s.fontWeight, s.visibility].join();
    const all = e.parentElement ? `${likeness(e.parentElement)}/${own}` : own;
    known.set(e, all);
    return all;
  };
  const texts = [...document.body.querySelectorAll("*")].filter((e) => e.matches("input, select, textarea") || [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.textContent?.trim()));
  const one = [...new Map(texts.map((e) => [likeness(e), e])).values()];
  one.forEach((e) => e.setAttribute("data-looked-at", ""));
  const { violations } = await axe.run({ resultTypes: ["violations"], ...(colours && { runOnly: ["color-contrast", "link-in-text-block"] }) });
  one.forEach((e) => e.removeAttribute("data-looked-at"));
  return violations;
}

export async function settled(page: Page): Promise<void> {
  await expect(page.locator("h1")).toBeVisible();
  await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
}

// Each way of looking differs from the one before in one thing, which the page has to take in.
const ways = [[1440, "light"], [1440, "dark"], [390, "dark"], [390, "light"]] as const;

// holds looks at what is shown now at two widths, light and dark: nothing grave, nothing
// broken, and no wider than the window or longer than what is on it.
export async function holds(page: Page, name: string): Promise<void> {
  const problems: string[] = [];
  await page.bringToFront(); // a tab behind another is not painted anew
  for (const [width, colorScheme] of ways) {
    await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor({ state: "attached" });
    await settled(page);
    const at = `${name} at ${width} ${colorScheme}`;
    for (const wrong of ["This page could not be shown", "This did not work"]) {
      if (await page.getByText(wrong).count() > 0) problems.push(`${at}: ${wrong}`);
    }
    for (const problem of await grave(page, colorScheme === "dark")) problems.push(`${at}: ${problem}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wide > 1) problems.push(`${at}: the page is ${wide} wider than the window`);
    const long = await page.evaluate(() => document.documentElement.scrollHeight - Math.max(innerHeight, document.getElementById("root")?.getBoundingClientRect().height ?? 0));
    if (long > 1) problems.push(`${at}: below its end the page goes on for ${long}`);
    if (process.env.E2E_SHOTS) await page.screenshot({ path: `${process.env.E2E_SHOTS}/${name.replace(/\W+/g, "_")}-${width}-${colorScheme}.png`, fullPage: true });
  }
  await wide(page);
  expect(problems).toEqual([]);
}

// wide brings a page back to the width that tests work at, and sees that the page has taken
// it in: a busy browser may leave one at the width before, at which tables have no heads.
async function wide(page: Page): Promise<void> {
  await expect(async () => {
    await page.setViewportSize({ width: 1439, height: 900 });
    await page.setViewportSize({ width: 1440, height: 900 });
    expect(await page.evaluate(() => innerWidth === 1440 && matchMedia("(min-width: 1440px)").matches)).toBe(true);
  }).toPass({ timeout: 20_000 });
  await settled(page);
}

// visit goes to a page and holds it to what every page is held to.
export async function visit(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await holds(page, path);
}

export { expect };
