import { expect, holds, settled, test } from "./base";
import { found, person } from "./call";
import { joined } from "./cluster";
import { choose, of, told } from "./form";

// rotated is how long a cluster that is busy may take to be given another value.
const rotated = { timeout: 60_000 };

test("what is due is told with what keeps it, and what comes in the next weeks", async ({ all }) => {
  const page = await all.as("security_operations");
  await page.goto("/");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Rotation" }).click();
  const table = page.getByRole("table", { name: "Due for another value" });
  await expect(table.getByRole("row").filter({ hasText: "root at db1" })).toContainText("does not answer");
  await expect(table.getByRole("row").filter({ hasText: "postgres at app-db" })).toContainText("Waits for a person");
  await page.getByRole("list", { name: "Days" }).getByRole("button", { name: /root at web1/ }).first().click();
  await expect(page.getByRole("region", { name: /^Due on/ }).getByText("every 3 days").first()).toBeVisible();
  await holds(page, "rotation");

  await page.getByRole("button", { name: "After an incident" }).click();
  const dialog = page.getByRole("dialog", { name: "Rotate after an incident" });
  await dialog.getByText("What is in a safe").click();
  await choose(dialog.getByRole("combobox", { name: "Safe" }), "partners");
  await dialog.getByText("map tiles").click(); // not this one
  await dialog.getByLabel("Why?").fill("INC-7: a notebook is gone");
  await holds(page, "after an incident");
  await dialog.getByRole("button", { name: "Rotate 1" }).click();
  await told(page, "mail relay is being rotated");
  await expect(table.getByRole("row").filter({ hasText: "mail relay" })).toContainText("after an incident");
  await expect(table.getByRole("row").filter({ hasText: "map tiles" })).toHaveCount(0);
});

test("a secret that opens an account of a real cluster is given another value there when it comes back", async ({ all }) => {
  const page = await all.as("head");
  const me = await person(page);
  const safe = await found(page, "/v1/safes", "databases");
  const system = "lab-db";
  await joined(page, me.id, system, "postgres", "app_keeper");
  await page.goto(`/safes/${safe}`);
  await page.getByRole("button", { name: "Keep a secret in it" }).click();
  const keep = page.getByRole("dialog", { name: "Keep a secret in databases" });
  await keep.getByRole("textbox", { name: "Name" }).fill("keeper at lab-db");
  await keep.getByText("I give it").click();
  await keep.getByLabel(/^The value/).fill("as it was found, 1");
  await keep.getByRole("button", { name: "Keep it" }).click();
  await told(page, "keeper at lab-db is kept");
  await page.getByRole("link", { name: "keeper at lab-db" }).click();
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Say what it opens" }).click();
  const opens = page.getByRole("dialog", { name: "What does keeper at lab-db open?" });
  await choose(opens.getByRole("combobox", { name: "System" }), system, system);
  await choose(opens.getByRole("combobox", { name: "Account" }), "app_keeper", "keeper");
  await opens.getByRole("button", { name: "Save" }).click();
  await told(page, "keeper at lab-db opens app_keeper");

  await page.getByRole("button", { name: "Say when" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await told(page, "is rotated every 30 days");
  await page.getByRole("button", { name: "Check it out" }).click();
  await page.getByRole("dialog").getByLabel("Why?").fill("looks at the journal");
  await page.getByRole("dialog").getByRole("button", { name: "Check it out" }).click();
  await told(page, "You have keeper at lab-db out");
  await page.getByRole("button", { name: of("Check it in", "keeper at lab-db") }).click();
  const versions = page.getByRole("region", { name: "Versions" });
  await expect(versions.getByRole("listitem").filter({ hasText: "Version 2" })).toContainText("Current", rotated);
  await expect(versions.getByRole("listitem").filter({ hasText: "Version 1" })).toContainText("Before");
  await expect(page.getByText("Nobody knows the value that it has now")).toBeVisible();

  await page.getByRole("button", { name: "Rotate it now" }).click();
  await page.getByRole("dialog").getByLabel("Why?").fill("asked for by the auditor");
  await page.getByRole("dialog").getByRole("button", { name: "Rotate it" }).click();
  await told(page, "is being rotated");
  await expect(versions.getByRole("listitem").filter({ hasText: "Version 3" })).toContainText("Current", rotated);
  await versions.getByRole("button", { name: "Destroy version 1" }).click();
  await page.getByRole("dialog").getByLabel("Why?").fill("it was found in a ticket");
  await page.getByRole("dialog").getByRole("button", { name: "Destroy" }).click();
  await told(page, "Version 1 is destroyed");
  await settled(page);
  await holds(page, "a secret");
});
