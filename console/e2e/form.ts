import type { Locator, Page } from "@playwright/test";
import { expect } from "./base";

// choose takes an option of a list.
export async function choose(field: Locator, option: string | RegExp, type?: string): Promise<void> {
  if (type === undefined) await field.click();
  else await field.pressSequentially(type);
  await field.page().getByRole("option", { name: option }).first().click();
}

// of is a button that is one of many alike: what it is about is said, and not shown.
export const of = (does: string, what: string) => new RegExp(`^${does} ?: ${what}$`);

export async function told(page: Page, words: string | RegExp): Promise<void> {
  await expect(page.getByRole("status").filter({ hasText: words })).toBeVisible();
}

// act does what a dialog is for, with a reason where there is one to give.
export async function act(page: Page, button: string | RegExp, words: string | RegExp, reason?: string): Promise<void> {
  const dialog = page.getByRole("dialog");
  if (reason !== undefined) await dialog.getByLabel("Why?").fill(reason);
  await dialog.getByRole("button", { name: button }).click();
  await told(page, words);
}
