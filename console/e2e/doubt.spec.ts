import { expect, holds, settled, test, visit } from "./base";

test("doubtful rows are not for every function, and audit decides none", async ({ all }) => {
  for (const who of ["platform_owner", "employee"] as const) {
    const page = await all.as(who);
    await page.goto("/doubts");
    await settled(page);
    await expect(page.getByText("This is not for your function")).toBeVisible();
    await expect(page.getByRole("navigation").getByRole("link", { name: "Doubts" })).toHaveCount(0);
  }
  for (const who of ["audit", "security_operations"] as const) {
    const page = await all.as(who);
    await page.goto("/doubts");
    await settled(page);
    await expect(page.getByRole("region", { name: /Is Oda Lindgaard the Ben Jacobsen who has left/ })).toBeVisible();
    await expect(page.getByRole("button", { name: /The same person is not possible/ })).toBeVisible();
    await expect(page.getByRole("button", { name: /Another person is not possible/ })).toBeVisible();
  }
});

test("a row with the number of somebody who has left is decided, and decided otherwise", async ({ all }) => {
  const page = await all.as("iam");
  await visit(page, "/doubts");
  await page.goto("/");
  await page.getByRole("navigation").getByRole("link", { name: "Doubts" }).click();
  await expect(page.getByText("row waits for a decision")).toBeVisible();
  const row = page.getByRole("region", { name: /Is Oda Lindgaard the Ben Jacobsen who has left/ });
  const beside = row.getByRole("table");
  await expect(beside).toContainText("E0000183= the same");
  await expect(beside).toContainText("ben.jacobsen@lindquell.example≠ different");
  await expect(beside).toContainText("Terminated");
  await row.getByRole("button", { name: "The same person" }).click();
  const same = page.getByRole("dialog", { name: "Oda Lindgaard is Ben Jacobsen" });
  await expect(same.getByRole("button", { name: "It is the same person" })).toBeDisabled(); // without a reason
  await same.getByLabel("How do you know?").fill("HR says that she has married");
  await same.getByRole("button", { name: "It is the same person" }).click();
  await expect(row.getByText("“HR says that she has married”")).toBeVisible();
  await expect(page.getByRole("status").filter({ hasText: "as you decided" })).toContainText("Oda Lindgaard is Ben Jacobsen");
  await expect(row.getByRole("button", { name: "The same person" })).toHaveCount(0);
  await row.getByRole("button", { name: "Another person" }).click();
  const another = page.getByRole("dialog", { name: "Oda Lindgaard is another person" });
  await another.getByLabel("How do you know?").fill("HR gave the number again by mistake");
  await holds(page, "a doubt is decided");
  await another.getByRole("button", { name: "It is another person" }).click();
  await expect(row.getByText("Decided: it is another person")).toBeVisible();
  await expect(row).toContainText("“HR gave the number again by mistake”");
  await holds(page, "a doubt that was decided");
});

test("two people with one number are mended in the source, and nobody decides it", async ({ all }) => {
  const page = await all.as("iam");
  await page.goto("/doubts");
  await settled(page);
  const row = page.getByRole("region", { name: /Ivo Castel has a number that is another’s, too/ });
  await expect(row.getByText("Nobody decides this here")).toBeVisible();
  await expect(row).toContainText("give each person a number of their own");
  await expect(row.getByRole("button")).toHaveCount(0);
});
