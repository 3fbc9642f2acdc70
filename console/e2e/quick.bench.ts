import { authenticator, enter, expect, settled, test, watched } from "./base";

// What 'make bench-console' prints. Each figure is of a browser that has nothing cached.

const rounds = 10;

function said(name: string, times: number[]): void {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (p: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))]!);
  process.stdout.write(`figure: ${JSON.stringify({ name, p50: at(0.5), max: at(1), rounds: times.length })}\n`);
}

// ready is when whoever opened a page can use it: what they came for is there, and the
// browser is busy with nothing for longer than 50 ms any more, which is looked at for
// three seconds.
function ready(wanted: string): Promise<{ there: number; idle: number }> {
  return new Promise((resolve) => {
    let there = 0;
    let idle = 0;
    new PerformanceObserver((list) => {
      for (const task of list.getEntries()) idle = Math.max(idle, task.startTime + task.duration);
    }).observe({ type: "longtask", buffered: true });
    const look = () => {
      if (there || !document.querySelector(wanted)) return;
      there = performance.now();
      setTimeout(() => resolve({ there, idle: Math.max(there, idle) }), 3000);
    };
    new MutationObserver(look).observe(document, { childList: true, subtree: true });
    look();
  });
}

test("how quick it is", async ({ browser }) => {
  test.setTimeout(600_000);
  const page = await watched(browser);
  await authenticator(page);
  await enter(page, "head");
  await page.getByRole("button", { name: "Make a passkey" }).click();
  await settled(page);
  const client = await page.context().newCDPSession(page);
  await client.send("Network.setCacheDisabled", { cacheDisabled: true });

  for (const [name, path, wanted] of [
    ["console start: the door", "/signin", "main button, button"], ["console start: home", "/", "h1"], ["identities, opened by address", "/identities", "table tbody tr"],
  ] as const) {
    const there: number[] = [];
    const idle: number[] = [];
    for (let i = 0; i < rounds; i++) {
      await page.goto(path, { waitUntil: "commit" });
      const at = await page.evaluate(ready, wanted);
      there.push(at.there);
      idle.push(at.idle);
    }
    said(`${name}: shown`, there);
    said(`${name}: ready`, idle);
  }

  // By hand: the page is open, and somebody goes to the list.
  for (const [name, press, wanted] of [
    ["first page of all identities", "Identities", "table tbody tr"], ["first page of all accounts", "Accounts", "table tbody tr"],
  ] as const) {
    const times: number[] = [];
    for (let i = 0; i < rounds; i++) {
      await page.goto("/settings");
      await settled(page);
      const link = page.getByRole("link", { name: press, exact: true });
      await expect(link).toBeVisible();
      times.push(await link.evaluate((a: HTMLElement, rows: string) => new Promise<number>((resolve) => {
        const began = performance.now();
        new MutationObserver((_, me) => {
          if (!document.querySelector(rows)) return;
          me.disconnect();
          requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - began))); // it has been painted
        }).observe(document, { childList: true, subtree: true });
        a.click();
      }), wanted));
      const total = await page.locator("main").innerText();
      if (i === 0) process.stdout.write(`figure: ${name}: ${/of ([\d,]+)/.exec(total)?.[0] ?? "?"}\n`);
    }
    said(name, times);
  }
});
