import { expect, holds, settled, test } from "./base";

// What is well formed and nobody's, and what is no id at all.
const nowhere = {
  findings: ["fnd_0zzzzzzzzzzzz", "nothing"], identities: ["idn_0zzzzzzzzzzzz", "nothing"], entitlements: ["ent_0zzzzzzzzzzzz", "nothing"],
  accounts: ["acc_0zzzzzzzzzzzz", "nothing"], systems: ["sys_0zzzzzzzzzzzz", "nothing"],
  "break-glass": ["gls_0zzzzzzzzzzzz", "nothing"], onboarding: ["onb_0zzzzzzzzzzzz", "nothing"],
};

for (const [kind, ids] of Object.entries(nowhere)) {
  test(`an address of ${kind} that are not there says so`, async ({ all }) => {
    const page = await all.as("head");
    for (const id of ids) {
      await page.goto(`/${kind}/${id}`);
      await settled(page);
      await expect(page.getByRole("alert")).toContainText("There is nothing here");
      await expect(page.getByRole("button", { name: "Try again" })).toHaveCount(0);
      await expect(page.getByRole("navigation", { name: "Where this is" }).getByRole("link")).toHaveAttribute("href", `/${kind}`);
    }
    if (kind === "findings") await holds(page, "what is not there"); // they look alike
  });
}

test("an address that leads nowhere says so", async ({ all }) => {
  const page = await all.as("head");
  await page.goto("/nowhere/at/all");
  await expect(page.getByRole("heading", { level: 1, name: "There is no such page" })).toBeVisible();
  await holds(page, "no such page");
});
