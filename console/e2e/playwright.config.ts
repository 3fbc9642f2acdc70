import { defineConfig } from "@playwright/test";

// A server runs at WRIT_URL with the sample company, and WRIT_LINK signs somebody in.
export default defineConfig({
  testDir: ".",
  workers: 1,
  timeout: 180_000,
  use: {
    baseURL: process.env.WRIT_URL,
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    },
  },
});
