import { defineConfig } from "@playwright/test";

// A server runs at WRIT_URL with the sample company; WRIT_LINKS signs its people in.
export default defineConfig({
  testDir: ".",
  workers: 1,
  timeout: 120_000,
  maxFailures: process.env.E2E_SHOTS ? 0 : 1,
  use: {
    baseURL: process.env.WRIT_URL,
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    },
  },
});
