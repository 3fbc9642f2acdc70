import type { Page } from "@playwright/test";
import type { AnswerOf } from "../src/client/types";
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

type Trend = AnswerOf<"show-coverage-trend">;

const days = 40;

// history has the server's answer of today continue into the past, as a quarter would look
// in which controls were put in place and standing access was taken away. On some days
// nothing was measured.
async function history(page: Page): Promise<void> {
  await page.route("**/v1/coverage/trend?**", async (route) => {
    const answer = await route.fetch();
    const today = await answer.json() as Trend;
    const past = Array.from({ length: days }, (_, i) => days - 1 - i).filter((ago) => ago % 9 !== 5);
    const at = (ago: number, now: string) => new Date(new Date(now).getTime() - ago * 86_400_000).toISOString();
    await route.fulfill({
      response: answer,
      json: {
        ...today,
        items: past.flatMap((ago) => (today.items ?? []).map((p) => ({ ...p, at: at(ago, p.at), in_place: Math.round(p.in_place * (1 - ago / (2 * days))) }))),
        standing: past.flatMap((ago) => (today.standing ?? []).map((p) => ({ ...p, at: at(ago, p.at), standing: p.standing + 3 * ago, eligible: Math.max(0, 2 * (days - ago) - 20) }))),
      },
    });
  });
}

test("a quarter is drawn as it went, and said in words", async ({ all }) => {
  const page = await all.as("security_operations");
  await history(page);
  await page.goto("/coverage");
  await settled(page);
  await expect(page.getByText(/fewer than on the first day shown/)).toBeVisible();
  await expect(page.getByRole("table", { name: "Privileged grants held all the time, by day" }).getByRole("row")).toHaveCount(1 + days - 4);
  const courses = page.getByRole("table", { name: "Share of required controls in place, by day" });
  await expect(courses.getByRole("row", { name: /^Owner/ })).toContainText(/\+\d+ points/);
  await holds(page, "coverage over a quarter");
  await page.goto("/");
  await expect(page.getByText(/fewer than on the first day shown/)).toBeVisible();
  await holds(page, "home security operations over a quarter");
  await page.unroute("**/v1/coverage/trend?**");
});
