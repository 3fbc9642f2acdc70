import type { Page } from "@playwright/test";
import { authenticator, enter, expect, holds, stepUp, test, watched } from "./base";

// byProvider signs in at the organisation's provider, which does not say that there was a
// second factor.
async function byProvider(page: Page): Promise<void> {
  await page.goto("/signin");
  await page.getByRole("button", { name: "Sign in with The company" }).click();
  await expect(page.getByRole("heading", { level: 1, name: /hold/ })).toBeVisible();
}

test("a dangerous act asks for the passkey again, and is not done without", async ({ browser }) => {
  const page = await watched(browser);
  const keys = await authenticator(page);
  await enter(page, "confirming");
  await page.getByRole("button", { name: "Make a passkey" }).click();
  await expect(page.getByRole("heading", { level: 1, name: /hold/ })).toBeVisible();
  await byProvider(page);
  await page.goto("/settings");
  await expect(page.getByText("not in this sign-in")).toBeVisible();

  await page.getByRole("button", { name: "Make a token" }).click();
  const dialog = page.getByRole("dialog", { name: "Make a token for a script" });
  await dialog.getByLabel("What is it for?").fill("Looks at findings");
  await dialog.getByRole("button", { name: "Make it" }).click();
  const asked = stepUp(page);
  await expect(asked).toContainText("Nothing has been done yet");
  await holds(page, "it is asked for a passkey again");
  await asked.getByRole("button", { name: "Not now" }).click();
  await expect(dialog.getByRole("alert")).toContainText(/confirm that it is you/i);
  await expect(dialog.getByLabel("What is it for?")).toHaveValue("Looks at findings");

  // Whoever holds the device and is not its owner.
  await keys.client.send("WebAuthn.setUserVerified", { authenticatorId: keys.id, isUserVerified: false });
  await dialog.getByRole("button", { name: "Make it" }).click();
  await asked.getByRole("button", { name: "Use passkey" }).click();
  await expect(asked.getByRole("alert")).toContainText("The passkey was not used");
  await page.keyboard.press("Escape"); // closes this dialog, and not the one below
  await expect(asked).toHaveCount(0);
  await expect(dialog.getByLabel("What is it for?")).toHaveValue("Looks at findings");
  await expect(page.getByLabel("The token")).toHaveCount(0);

  await keys.client.send("WebAuthn.setUserVerified", { authenticatorId: keys.id, isUserVerified: true });
  await dialog.getByRole("button", { name: "Make it" }).click();
  await asked.getByRole("button", { name: "Use passkey" }).click();
  await expect(page.getByLabel("The token")).toBeVisible();
  await page.getByRole("button", { name: "I have kept it" }).click();
  await page.getByRole("button", { name: "Revoke Looks at findings" }).click(); // and it is not asked twice
  await expect(page.getByText("Revoked", { exact: true })).toBeVisible();
  await page.reload();
  await expect(page.getByText("not in this sign-in")).toHaveCount(0);
});
