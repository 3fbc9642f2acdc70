import { expect, holds, settled, test } from "./base";

test("a cell of the matrix leads to its grants, and those to the findings behind", async ({ all }) => {
  const page = await all.as("iam");
  await page.goto("/coverage");
  await settled(page);
  await page.getByRole("region", { name: "Coverage by system and control" }).getByRole("link", { name: /^Elevation: / }).click();
  await expect(page).toHaveURL(/\/coverage\/evidence\?.*control=elevate/);
  await expect(page.getByRole("heading", { level: 1, name: /Elevation.*which lacks it/ })).toBeVisible();
  const table = page.getByRole("table", { name: "Access by elevation" });
  await expect(table.getByText(/held all the time/i).first()).toBeVisible();
  await holds(page, "coverage evidence");
  await page.getByRole("button", { name: "Next" }).click();
  await expect(page.getByText(/page 2/)).toBeVisible();
  await page.getByRole("button", { name: "Previous" }).click();
  await expect(page.getByText(/page 1/)).toBeVisible();
  await table.getByRole("listitem").first().getByRole("link").click();
  await expect(page).toHaveURL(/\/findings\?.*rule=/);
  await page.getByRole("table", { name: "Findings", exact: true }).getByRole("link").first().click();
  await expect(page).toHaveURL(/\/findings\/\w+/);
});

test("evidence of a state that counts nothing says so", async ({ all }) => {
  const page = await all.as("iam");
  await page.goto("/coverage/evidence?control=vault&state=in_place");
  await settled(page);
  await expect(page.getByText("Nothing counts so")).toBeVisible();
  await holds(page, "coverage evidence of nothing");
});

test("charts are read as text too, and lead on", async ({ all }) => {
  const page = await all.as("audit");
  await page.goto("/coverage");
  await settled(page);
  await expect(page.getByRole("table", { name: "Share of required controls in place, by day" })).toBeVisible();
  await expect(page.getByRole("table", { name: "Privileged grants held all the time, by day" }).getByRole("row")).not.toHaveCount(1);
  await holds(page, "coverage charts");
  const ranked = page.getByRole("list", { name: "Coverage by system, the worst first" }).getByRole("link");
  const shares = (await ranked.locator("span:nth-child(2)").allTextContents()).map((t) => Number(/[<>]?(\d+)%/.exec(t)?.[1]));
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  await ranked.first().click();
  await expect(page).toHaveURL(/\/coverage\/evidence\?.*system=/);
});

test("how long findings wait leads to those that are due", async ({ all }) => {
  const page = await all.as("audit");
  await page.goto("/findings");
  await settled(page);
  await page.getByRole("region", { name: "Who is late?" }).getByRole("link", { name: /due in 7 days|overdue/ }).first().click();
  await expect(page).toHaveURL(/due_before=/);
  await expect(page.getByRole("table", { name: "Findings", exact: true })).toBeVisible();
});
