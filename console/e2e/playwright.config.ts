import { defineConfig } from "@playwright/test";

// A server with the sample company runs for each worker at one of E2E_URLS; E2E_LINKS signs
// its people in. A test that fails says so once: the next worker signs in anew, and the
// tests go on.
export default defineConfig({
  testDir: ".",
  // What is told of a firm with targets of its own is told there, and nothing else is.
  ...(process.env.E2E_FIRM ? { testMatch: "firm.spec.ts" } : { testIgnore: "firm.spec.ts" }),
  workers: (process.env.E2E_URLS ?? "").split(" ").length,
  timeout: 120_000,
  maxFailures: process.env.E2E_SHOTS ? 0 : 5,
  expect: { timeout: 20_000 },
  use: {
    launchOptions: {
      // The one without a window of its own: it draws as the other does, in two thirds of the time.
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium-headless-shell",
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    },
  },
});
