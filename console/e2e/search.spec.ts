import { readFileSync } from "node:fs";
import { enter, expect, holds, settled, test, watched } from "./base";
import { cutting, through } from "./proxy";

test("the palette finds by name, also misspelt, and leads there", async ({ all }) => {
  const page = await all.as("head");
  await page.goto("/");
  await settled(page);
  await page.keyboard.press("Control+k");
  const box = page.getByRole("combobox", { name: "Search and commands" });
  await box.fill("guang stenbrg");
  await expect(page.getByRole("option", { name: /Guang Stenberg/ }).first()).toBeVisible();
  await holds(page, "the palette");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: /Guang Stenberg/ })).toBeVisible();
});

test("operators narrow, and lead on to a list", async ({ all }) => {
  const page = await all.as("head");
  await page.goto("/");
  await settled(page);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search and commands" }).fill("kind:service owner:none");
  await page.getByRole("option", { name: /^Search for/ }).click();
  await expect(page).toHaveURL(/\/search\?q=/);
  await expect(page.getByText("found", { exact: true })).toBeVisible();
  await page.getByRole("textbox", { name: "Search everything" }).fill("kind:service owner:none tier:0");
  await expect(page.getByRole("heading", { level: 1, name: /tier:0/ })).toBeVisible();
  await settled(page);
  await holds(page, "what was found with operators");
  await page.getByRole("textbox", { name: "Search everything" }).fill("svc");
  await page.locator("main").getByRole("link", { name: /Account, / }).first().click();
  await expect(page.getByRole("heading", { level: 1, name: /^Whose is/ })).toBeVisible();
  await page.goto("/search?q=qqqqqqqq");
  await expect(page.getByText("Nothing was found")).toBeVisible();
  await holds(page, "nothing was found");
});

test("an export is whole, or it is told and there is no file", async ({ browser }) => {
  const proxy = await cutting(/\/export$/, 1);
  const page = await watched(browser, through(proxy));
  await enter(page, "traveller");
  // It has signed in: to make a passkey, or home where its owner has one.
  await expect(page.getByRole("heading", { level: 1, name: /Keep a passkey|on fire/ })).toBeVisible();
  await page.goto("/identities?kind=human");
  await settled(page);
  let files = 0;
  page.on("download", () => { files += 1; });
  await page.getByRole("button", { name: "Export" }).click();
  await expect(page.getByRole("alert")).toContainText("No file was saved");
  expect(files).toBe(0);
  await holds(page, "an export that was cut");

  const coming = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export again" }).click();
  const lines = readFileSync(await (await coming).path(), "utf8").trim().split("\n");
  const total = Number((await page.locator("main").getByText(/shown, page 1$/).textContent())!.match(/of ([\d,]+)/)![1]!.replace(",", ""));
  expect(lines.length).toBe(total + 1);
  await expect(page.getByRole("alert")).toHaveCount(0);
  proxy.end();
});
