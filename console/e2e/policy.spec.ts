import type { Locator, Page } from "@playwright/test";
import { expect, holds, settled, test, visit } from "./base";

// opened goes from the list to one document.
async function opened(page: Page, name: string): Promise<void> {
  await page.goto("/policies");
  await settled(page);
  await page.getByRole("table", { name: "Policies" }).getByRole("link", { name, exact: true }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText(name);
  await settled(page);
}

const cedar = (page: Page) => page.getByRole("textbox", { name: "Policies in Cedar" });

// written saves a text, which takes a passkey that was shown lately.
async function written(page: Page, text: string, why: string, outcome: Locator): Promise<void> {
  await cedar(page).fill(text);
  await page.getByRole("textbox", { name: "Why?" }).fill(why);
  await page.getByRole("button", { name: "Save the draft" }).click();
  await expect(outcome).toBeVisible();
}

async function published(page: Page, name: string, version: number, why: string): Promise<void> {
  await opened(page, name);
  const draft = page.getByRole("tab", { name: "The draft" });
  await draft.click();
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  await page.getByRole("textbox", { name: "Why may it be published?" }).fill(why);
  if (version === 1) await holds(page, "policy publish");
  await page.getByRole("button", { name: `Publish version ${version}` }).click();
  await expect(page.getByText(`Version ${version}`, { exact: true }).first()).toBeVisible();
  await expect(draft).toHaveCount(0);
}

test("whoever does not keep policies finds no way to them, and audit sees what it may not change", async ({ all }) => {
  for (const who of ["employee", "security_operations", "platform_owner"] as const) {
    const page = await all.as(who);
    await page.goto("/policies");
    await expect(page.getByText("This is not for your function")).toBeVisible();
    await expect(page.getByRole("link", { name: "Policies", exact: true })).toHaveCount(0);
    await page.goto("/policies/new");
    await expect(page.getByText("This is not for your function")).toBeVisible();
  }
  const audit = await all.as("audit");
  await visit(audit, "/policies");
  await expect(audit.getByRole("button", { name: /^New document/ })).toHaveAttribute("aria-disabled", "true");
  await opened(audit, "year-end");
  await expect(audit.getByText(/^You cannot publish it\. ./)).toBeVisible();
  for (const name of [/^Edit the draft/, /^Publish/, /^Discard/]) {
    await expect(audit.getByRole("button", { name })).toHaveAttribute("aria-disabled", "true");
  }
  await audit.goto(`${audit.url()}/edit`);
  await expect(audit.getByText("This cannot be written by you")).toBeVisible();
  await holds(audit, "policy not writable");
  await audit.goto("/policies/new");
  await expect(audit.getByText("This cannot be written by you")).toBeVisible();
});

test("the list says what is in force and what waits, who wrote it and who published it", async ({ all }) => {
  const page = await all.as("iam");
  await visit(page, "/policies");
  const table = page.getByRole("table", { name: "Policies" });
  for (const text of ["In force", "2 policies, none enforced", "Chiara Gudmundsen", "Guang Stenberg"]) await expect(table.getByRole("row", { name: /own-accounts/ })).toContainText(text);
  for (const text of ["Draft", "none yet", "nobody yet"]) await expect(table.getByRole("row", { name: /year-end/ })).toContainText(text);
  await page.getByRole("textbox", { name: "Name" }).fill("nothing is called so");
  await expect(page.getByText("No document fits")).toBeVisible();
  await page.getByRole("link", { name: "Show all documents" }).click();
  await page.getByRole("link", { name: /draft waits/ }).click();
  await expect(table.getByRole("link", { name: "year-end", exact: true })).toBeVisible();
  await expect(table.getByRole("link", { name: "own-accounts", exact: true })).toHaveCount(0);
  await page.getByRole("link", { name: "Try a policy" }).click();
  await expect(cedar(page)).toHaveValue("");
});

test("what observes is counted, and a document shows its text, its policies and its versions", async ({ all }) => {
  const owner = await all.as("platform_owner");
  await owner.goto("/accounts");
  await owner.getByRole("table", { name: "Accounts" }).getByRole("link").first().click();
  await settled(owner);
  const page = await all.as("iam");
  await opened(page, "own-accounts");
  const row = page.getByRole("row", { name: /own-accounts\.platform/ });
  await expect(row).toContainText("Observes");
  await expect(row).toContainText("Forbids");
  await expect(row).toContainText(/[1-9]\d* decision/);
  await page.getByRole("link", { name: "Line 7, own-accounts.security" }).click();
  await expect(page.locator("#line-7")).toHaveAttribute("data-chosen", "true");
  await expect(page.locator("#line-7")).toContainText('@id("own-accounts.security")');
  await holds(page, "policy in force");
  await page.getByRole("tab", { name: "Versions" }).click();
  await expect(page.getByText("Written by Chiara Gudmundsen, published by Guang Stenberg")).toBeVisible();
  await page.getByRole("link", { name: "What if it were enforced?" }).click();
  await expect(cedar(page)).toHaveValue(/own-accounts\.platform/);
  await expect(page.getByRole("textbox", { name: "Document" })).toHaveValue("own-accounts");
});

test("a draft says what publishing it would change, and its author why they do not publish it", async ({ all }) => {
  const author = await all.as("iam");
  await opened(author, "year-end");
  await expect(author.getByRole("button", { name: /^Publish/ })).toHaveAttribute("aria-disabled", "true");
  await expect(author.getByText(/^You wrote some of it/)).toBeVisible();
  await expect(author.getByRole("region", { name: "What would change" })).toContainText("role.change");
  await holds(author, "policy draft of the author");
  const other = await all.as("head");
  await opened(other, "year-end");
  await expect(other.getByRole("button", { name: "Publish", exact: true })).not.toHaveAttribute("aria-disabled", "true");
});

test("policies are written, mended where they are wrong, published by somebody else, changed, compared, retired and written again", async ({ all }) => {
  test.setTimeout(240_000);
  const page = await all.as("iam");
  await visit(page, "/policies/new");
  await page.getByRole("textbox", { name: "Name" }).fill("quiet");
  await page.getByRole("combobox", { name: "Begin with" }).click();
  await page.getByRole("option", { name: "Roles are frozen" }).click();
  await expect(cedar(page)).toHaveValue(/@id\("quiet\.roles-frozen"\)/);
  await page.getByRole("textbox", { name: "What is it for?" }).fill("While we move");
  const frozen = await cedar(page).inputValue();
  await written(page, frozen.replace("role.assign", "role.nothing"), "change 4711", page.getByRole("alert").filter({ hasText: /Line 1, column \d+/ }));
  await holds(page, "policy with a mistake");
  await page.getByRole("link", { name: "Policies", exact: true }).first().click();
  await expect(page.getByRole("dialog", { name: "Leave without saving?" })).toBeVisible();
  await page.getByRole("button", { name: "Stay" }).click();
  await written(page, frozen, "change 4711", page.getByRole("heading", { name: "What is quiet to say?" }));

  const other = await all.as("head");
  await published(other, "quiet", 1, "read and tried it");
  await expect(other.getByText("“read and tried it”")).toBeVisible();

  await opened(page, "quiet");
  await page.getByRole("button", { name: "Write the next version" }).click();
  await written(page, frozen.replace("until the audit is over", "until the move is over"), "the audit is over", page.getByRole("region", { name: "How the text changes" }).last());
  await expect(page.getByRole("region", { name: "How the text changes" }).last()).toContainText("until the move is over");
  await holds(page, "policy next version");
  await page.getByRole("tab", { name: "In force" }).click();
  await page.getByRole("link", { name: "Look at it" }).click();
  await expect(page.getByRole("button", { name: /^Publish/ })).toHaveAttribute("aria-disabled", "true");
  await published(other, "quiet", 2, "so it is");

  await other.getByRole("tab", { name: "Versions" }).click();
  const changed = other.getByRole("region", { name: "What changed", exact: true });
  await expect(changed).toContainText("until the audit is over");
  await expect(changed).toContainText("until the move is over");
  await holds(other, "policy versions");
  await other.getByRole("combobox", { name: "From" }).click();
  await other.getByRole("option", { name: "Nothing" }).click();
  await expect(changed).not.toContainText("until the audit is over");

  await opened(page, "quiet");
  await page.getByRole("button", { name: "Retire" }).click();
  await page.getByRole("textbox", { name: "Why is it needed no longer?" }).fill("we have moved");
  await page.getByRole("button", { name: "Write that it ends" }).click();
  await expect(page.getByRole("region", { name: "It is to be in force no longer" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Retire" })).toHaveCount(0);
  await holds(page, "policy end waits");
  await published(other, "quiet", 3, "we have");
  await expect(other.getByRole("heading", { name: "What did quiet say?" })).toBeVisible();

  await opened(page, "quiet");
  await page.getByRole("button", { name: "Write the next version" }).click();
  await written(page, frozen, "we move again", page.getByRole("button", { name: "Discard" }));
  await page.getByRole("button", { name: "Discard" }).click();
  await page.getByRole("textbox", { name: "Why is it not to be published?" }).fill("we do not");
  await page.getByRole("button", { name: "Discard the draft" }).click();
  await expect(page.getByRole("tab", { name: "The draft" })).toHaveCount(0);
  await page.goto("/policies");
  await expect(page.getByRole("row", { name: /quiet/ })).toContainText("Retired");
});

test("of two who write a draft the slower is told, keeps what was typed, and chooses; what was never published leaves nothing", async ({ all }) => {
  const page = await all.as("iam");
  await page.goto("/policies/new");
  await page.getByRole("textbox", { name: "Name" }).fill("both");
  const text = '@id("both.one")\n@reason("one of two")\nforbid (principal, action == Action::"system.add", resource);\n';
  await written(page, text, "to begin with", page.getByRole("heading", { name: "What is both to say?" }));
  await page.getByRole("button", { name: "Edit the draft" }).click();
  await cedar(page).fill(text.replace("one of two", "mine"));
  const other = await all.as("head");
  await opened(other, "both");
  await other.getByRole("button", { name: "Edit the draft" }).click();
  await written(other, text.replace("one of two", "theirs"), "better so", other.getByRole("tab", { name: "The draft" }));
  await page.getByRole("textbox", { name: "Why?" }).fill("as I say");
  await page.getByRole("button", { name: "Save the draft" }).click();
  await expect(page.getByRole("alert", { name: /^Somebody else has changed/ })).toContainText("Guang Stenberg");
  await expect(cedar(page)).toHaveValue(/mine/);
  await holds(page, "policy changed meanwhile");
  await page.getByRole("button", { name: "Keep mine, to save it over theirs" }).click();
  await page.getByRole("button", { name: "Save the draft" }).click();
  await expect(page.getByRole("region", { name: "The text" }).last()).toContainText("mine");
  await opened(other, "both");
  await expect(other.getByText(/^You wrote some of it/)).toBeVisible(); // they wrote some of it
  await page.getByRole("button", { name: "Discard" }).click();
  await page.getByRole("textbox", { name: "Why is it not to be published?" }).fill("it was a try");
  await page.getByRole("button", { name: "Discard the draft" }).click();
  await expect(page).toHaveURL(/\/policies$/);
  await expect(page.getByRole("link", { name: "both", exact: true })).toHaveCount(0);
});
