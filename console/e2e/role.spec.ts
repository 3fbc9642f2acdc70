import type { Page } from "@playwright/test";
import { expect, holds, settled, test, visit } from "./base";

const entitlement = async (page: Page, text: string, name: RegExp) => {
  await page.getByRole("combobox", { name: "Add an entitlement or a role" }).fill(text);
  await page.getByRole("option", { name }).first().click();
};

// opened goes from the catalog to one role.
async function opened(page: Page, name: string): Promise<void> {
  await page.goto("/roles");
  await settled(page);
  await page.getByRole("table", { name: "Roles" }).getByRole("link", { name, exact: true }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText(name);
  await settled(page);
}

test("whoever does not keep roles finds no way to them, and audit sees what it may not change", async ({ all }) => {
  for (const who of ["employee", "security_operations", "platform_owner"] as const) {
    const page = await all.as(who);
    await page.goto("/roles");
    await expect(page.getByText("This is not for your function")).toBeVisible();
    await expect(page.getByRole("link", { name: "Roles", exact: true })).toHaveCount(0);
  }
  const audit = await all.as("audit");
  await opened(audit, "Buyer");
  for (const name of [/^Edit the draft/, /^Retire/, /^Give it to somebody/, /^Change the owner/]) {
    await expect(audit.getByRole("button", { name })).toHaveAttribute("aria-disabled", "true");
  }
  await audit.goto(`${audit.url()}/edit`);
  await expect(audit.getByText("This cannot be edited by you")).toBeVisible();
  await holds(audit, "role not editable");
  await audit.goto("/roles/new");
  await expect(audit.getByText("This cannot be edited by you")).toBeVisible();
});

test("the catalog is narrowed by the server, and says what is one too many", async ({ all }) => {
  const page = await all.as("iam");
  await visit(page, "/roles");
  const table = page.getByRole("table", { name: "Roles" });
  await expect(table.getByRole("row", { name: /Buyer/ })).toContainText("In review");
  await page.getByRole("textbox", { name: "Name" }).fill("nothing is called so");
  await expect(page.getByText("No role fits")).toBeVisible();
  await page.goto("/roles?trouble=unassigned");
  await expect(table.getByRole("link", { name: "Operators of build hosts" })).toBeVisible();
  await expect(table.getByRole("link", { name: "Buyer", exact: true })).toHaveCount(0);
  await visit(page, "/roles/explosion");
  await expect(page.getByRole("region", { name: "Nearly the same" })).toContainText("80 % of what either gives both give");
  await expect(page.getByRole("region", { name: "Nobody has it" })).toContainText("Devika Sylvestre");
});

test("a role shows what it gives and through what, who has it, its versions and what is around it", async ({ all }) => {
  const page = await all.as("iam");
  await opened(page, "Buyer");
  await expect(page.getByRole("row", { name: /vpn/ })).toContainText("Remote work");
  await holds(page, "role gives");
  await page.getByRole("tab", { name: "Who has it" }).click();
  await expect(page.getByRole("row", { name: /Igor Sætre/ })).toContainText("Came with the job");
  await holds(page, "role members");
  await page.getByRole("tab", { name: "Versions" }).click();
  await expect(page.getByText("written by Chiara Gudmundsen, reviewed by Guang Stenberg")).toBeVisible();
  await holds(page, "role versions");
  await page.getByRole("tab", { name: "Around it" }).click();
  await expect(page.getByRole("region", { name: "Roles that it contains" })).toContainText("Workplace basics");
  await holds(page, "role around");
  await opened(page, "Member of a site");
  await expect(page.getByRole("region", { name: "And for some values only" })).toContainText("site lyon");
  await holds(page, "role with a parameter");
});

test("nobody approves what they wrote; somebody else sees the conflict, and sends it back with a reason", async ({ all }) => {
  const author = await all.as("iam");
  await opened(author, "Buyer");
  await author.getByRole("tab", { name: "The draft" }).click();
  await expect(author.getByRole("button", { name: /^Approve/ })).toHaveAttribute("aria-disabled", "true");
  const page = await all.as("head");
  await opened(page, "Buyer");
  await page.getByRole("link", { name: "Look at it" }).click();
  await expect(page.getByRole("region", { name: "What changes, by entitlement" })).toContainText("Goods receipt");
  await expect(page.getByRole("region", { name: "What it changes" })).toContainText("Remote work");
  await holds(page, "role draft in review");
  await page.getByRole("button", { name: "Send it back" }).click();
  await page.getByRole("textbox", { name: /What is to be changed/ }).fill("Who orders does not receive");
  await holds(page, "role sent back");
  await page.getByRole("dialog").getByRole("button", { name: "Send it back" }).click();
  await expect(page.getByText("“Who orders does not receive”")).toBeVisible();
  await expect(page.getByRole("button", { name: "Submit for review" })).toBeVisible();
});

test("a role is written, guarded while it is not saved, reviewed, published, given, taken and retired", async ({ all }) => {
  const page = await all.as("iam");
  await visit(page, "/roles/new");
  await page.getByRole("textbox", { name: "Name" }).fill("Reads the wiki");
  await page.getByRole("combobox", { name: "Answers for it" }).fill("devika");
  await page.getByRole("option", { name: /Devika/ }).click();
  await entitlement(page, "archive", /Archive/);
  await entitlement(page, "Remote", /Remote work/);
  await page.getByRole("link", { name: "Roles", exact: true }).first().click();
  await expect(page.getByRole("dialog", { name: "Leave without saving?" })).toBeVisible();
  await holds(page, "role leave");
  await page.getByRole("button", { name: "Stay" }).click();
  await page.getByRole("button", { name: "Save the draft" }).click();
  await expect(page.getByText("Everything is saved.")).toBeVisible();
  await expect(page.getByText("nobody has the role yet", { exact: false })).toBeVisible();
  await page.getByRole("button", { name: "Take out Remote work" }).click();
  await expect(page.getByText("Save to see what it changes")).toBeVisible();
  await holds(page, "role editor unsaved");
  await page.getByRole("button", { name: "Save the draft" }).click();
  await expect(page.getByText("Everything is saved.")).toBeVisible();
  await page.getByRole("button", { name: "Submit for review" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Submit for review" }).click();
  await expect(page.getByText("It is in review")).toBeVisible();

  const reviewer = await all.as("head");
  await opened(reviewer, "Reads the wiki");
  await reviewer.getByRole("button", { name: "Approve" }).click();
  await reviewer.getByRole("dialog").getByRole("button", { name: "Approve" }).click();
  await expect(reviewer.getByRole("button", { name: "Publish" })).toBeVisible();
  await reviewer.getByRole("button", { name: "Publish" }).click();
  await holds(reviewer, "role published");
  await reviewer.getByRole("dialog").getByRole("button", { name: "Publish version 1" }).click();
  await expect(reviewer.getByRole("heading", { name: "What does Reads the wiki give, and who has it?" })).toBeVisible();

  await opened(page, "Reads the wiki");
  await page.getByRole("button", { name: "Give it to somebody" }).click();
  await page.getByRole("combobox", { name: "Who" }).fill("harish");
  await page.getByRole("option", { name: /Harish/ }).first().click();
  await page.getByRole("textbox", { name: "Why?" }).fill("Looks up old suppliers");
  await holds(page, "role given");
  await page.getByRole("button", { name: "Give it", exact: true }).click();
  await expect(page.getByRole("tab", { name: "Who has it" })).toBeVisible();
  await page.getByRole("tab", { name: "Who has it" }).click();
  await expect(page.getByRole("row", { name: /Harish/ })).toContainText("Looks up old suppliers");

  await page.getByRole("button", { name: "Retire" }).click();
  await page.getByRole("textbox", { name: /Why is it needed/ }).fill("The wiki is gone");
  await page.getByRole("button", { name: "Retire it" }).click();
  await expect(page.getByRole("dialog").getByRole("alert")).toContainText("end that first");
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: /^End it/ }).click();
  await page.getByRole("textbox", { name: "Why?" }).fill("Has what was needed");
  await page.getByRole("dialog").getByRole("button", { name: "End it" }).click();
  await expect(page.getByText("Nobody was assigned it")).toBeVisible();
  await page.getByRole("button", { name: "Retire" }).click();
  await page.getByRole("textbox", { name: /Why is it needed/ }).fill("The wiki is gone");
  await page.getByRole("button", { name: "Retire it" }).click();
  await expect(page).toHaveURL(/\/roles$/);
  await expect(page.getByRole("link", { name: "Reads the wiki" })).toHaveCount(0);
});

test("of two who edit a draft the slower is told, keeps what was typed, and chooses", async ({ all }) => {
  const page = await all.as("iam");
  await opened(page, "Reader of the ledger");
  await page.getByRole("button", { name: "Edit the draft" }).click();
  const slow = page.getByRole("textbox", { name: "What is it for?" });
  await slow.fill("Mine");
  const other = await all.as("head");
  await other.goto(page.url());
  await other.getByRole("textbox", { name: "What is it for?" }).fill("Theirs");
  await other.getByRole("button", { name: "Save the draft" }).click();
  await expect(other.getByText("Everything is saved.")).toBeVisible();
  await page.getByRole("button", { name: "Save the draft" }).click();
  await expect(page.getByText("Somebody else has changed this role since you began")).toBeVisible();
  await expect(page.getByRole("alert", { name: /^Somebody else has changed/ })).toContainText("Guang Stenberg");
  await expect(slow).toHaveValue("Mine");
  await holds(page, "role changed meanwhile");
  await page.getByRole("button", { name: "Keep mine, to save it over theirs" }).click();
  await page.getByRole("button", { name: "Save the draft" }).click();
  await expect(page.getByText("Everything is saved.")).toBeVisible();
  await expect(slow).toHaveValue("Mine");
});
