import { expect, holds, settled, test, visit } from "./base";

test("what others have to agree to is asked for, decided by somebody else, and withdrawn", async ({ all }) => {
  const asking = await all.as("employee");
  await visit(asking, "/elevations");
  await asking.getByRole("button", { name: "Activate Space Research" }).click();
  const dialog = asking.getByRole("dialog", { name: "Activate Space Research" });
  await expect(dialog.getByRole("button", { name: "Ask for it" })).toBeDisabled(); // without a reason
  await expect(dialog).toContainText("a yes from a platform owner");
  await dialog.getByLabel("Why?").fill("the desk is empty today");
  await holds(asking, "an elevation is asked for");
  await dialog.getByRole("button", { name: "Ask for it" }).click();
  await expect(asking.getByRole("status").filter({ hasText: "Others are asked" })).toBeVisible();
  await expect(asking.getByText("Waits for approval")).toBeVisible();
  await asking.goto("/approvals");
  await asking.getByRole("link", { name: /wants to activate Space Research/ }).click();
  await expect(asking.getByRole("button", { name: /^Approve is not possible/ })).toBeVisible(); // one's own
  await expect(asking.getByText("Nobody has decided yet")).toBeVisible();

  const deciding = await all.as("head");
  await visit(deciding, "/approvals");
  await deciding.getByRole("link", { name: /wants to activate Space Research/ }).click();
  await settled(deciding);
  await expect(deciding.getByText("“the desk is empty today”")).toBeVisible();
  await holds(deciding, "an approval");
  await deciding.getByRole("button", { name: "Refuse" }).click();
  const no = deciding.getByRole("dialog", { name: "Refuse it" });
  await expect(no.getByRole("button", { name: "Refuse" })).toBeDisabled(); // without saying why
  await no.getByRole("button", { name: "Close" }).first().click();
  await deciding.getByRole("button", { name: "Approve" }).click();
  const yes = deciding.getByRole("dialog", { name: "Agree to it" });
  await yes.getByRole("button", { name: "Approve" }).click();
  await expect(deciding.getByText("You have agreed.")).toBeVisible();
  await expect(deciding.getByText("Approved", { exact: true }).first()).toBeVisible();

  await asking.goto("/elevations");
  await expect(asking.getByText(/Is being put on|Active/).first()).toBeVisible();
  await asking.getByRole("button", { name: /^End now.*Space Research$/ }).click();
  await expect(asking.getByRole("status").filter({ hasText: "is being taken off" })).toBeVisible();
});

test("what is one's own to activate shows the time that is left", async ({ all }) => {
  const page = await all.as("head");
  await page.goto("/");
  await page.getByRole("navigation").getByRole("link", { name: "Elevations" }).click();
  await page.getByRole("button", { name: "Activate Space Research" }).click();
  const dialog = page.getByRole("dialog", { name: "Activate Space Research" });
  await dialog.getByLabel("Why?").fill("a report of the lab");
  await dialog.getByRole("button", { name: "Activate", exact: true }).click();
  await expect(page.getByRole("status").filter({ hasText: "is being put on" })).toBeVisible();
  await expect(page.getByText(/Is being put on|Active/).first()).toBeVisible();
  await holds(page, "an elevation on its way");
  await page.getByRole("button", { name: /^End now.*Space Research$/ }).click();
  await expect(page.getByRole("status").filter({ hasText: "is being taken off" })).toBeVisible();
});

test("somebody with nothing to decide or activate is told so", async ({ all }) => {
  const page = await all.as("audit");
  await visit(page, "/approvals");
  await expect(page.getByText("Nothing waits for you")).toBeVisible();
  await page.goto("/elevations");
  await expect(page.getByText("You are eligible for nothing")).toBeVisible();
});
