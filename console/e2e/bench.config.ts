import config from "./playwright.config";

// 'make bench-console': the same browser, for figures.
export default { ...config, testMatch: "*.bench.ts" };
