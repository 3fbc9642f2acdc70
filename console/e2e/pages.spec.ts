import { expect, settled, test, visit } from "./base";

// What no test of its feature looks at as it opens.
const pages = ["/findings", "/identities", "/accounts", "/entitlements", "/systems", "/audit", "/me", "/settings", "/search?q=payroll"];

for (const path of pages) {
  test(`${path} holds`, async ({ all }) => {
    await visit(await all.as("head"), path);
  });
}

test("the palette leads to a page by keyboard", async ({ all }) => {
  const page = await all.as("head");
  await page.goto("/");
  await settled(page);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search and commands" }).fill("settings");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/settings|search/);
});
