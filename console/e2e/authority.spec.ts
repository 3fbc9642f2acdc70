import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, holds, test, visit } from "./base";
import { call, found, person } from "./call";
import { act, choose, of, told } from "./form";

// publicKey is a new key of SSH, as the line of a .pub file.
function publicKey(): string {
  const { x } = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });
  const field = (b: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, b.length]), b]);
  return `ssh-ed25519 ${Buffer.concat([field(Buffer.from("ssh-ed25519")), field(Buffer.from(x ?? "", "base64url"))]).toString("base64")}`;
}

// One story: each test goes on with the authority that the first has made.
test.describe.serial("an authority that signs for one person", () => {
  test("is made in a safe by its owner, with a profile and a right", async ({ all }) => {
    const page = await all.as("head");
    const one = await person(await all.as("employee"));
    await visit(page, "/authorities");
    await page.getByRole("button", { name: "Make an authority" }).click();
    const make = page.getByRole("dialog", { name: "Make an authority" });
    await make.getByRole("textbox", { name: "Name" }).fill("lab-hosts");
    await choose(make.getByRole("combobox", { name: "Safe" }), "partners", "partners");
    await make.getByLabel("Why?").fill("the lab has hosts");
    await holds(page, "an authority is made");
    await make.getByRole("button", { name: "Make it" }).click();
    await told(page, "The authority lab-hosts is there");
    await page.getByRole("link", { name: "lab-hosts" }).click();

    await page.getByRole("button", { name: "Add a profile" }).click();
    const add = page.getByRole("dialog", { name: "Add a profile" });
    await add.getByRole("textbox", { name: "Name" }).fill("lab");
    await add.getByRole("textbox", { name: "For whom?" }).fill("lab, deploy");
    await expect(add.getByRole("button", { name: "Add it" })).toBeDisabled(); // without a reason
    await add.getByLabel("Why?").fill("who works in the lab");
    await holds(page, "a profile is added");
    await add.getByRole("button", { name: "Add it" }).click();
    await told(page, "The profile lab is there");
    await page.getByRole("button", { name: of("Change it", "lab") }).click();
    await page.getByRole("dialog").getByRole("textbox", { name: "Only from these networks" }).fill("10.0.0.0/8");
    await act(page, "Save", "lab is changed", "from the lab alone");
    await expect(page.getByRole("region", { name: "Profile lab" })).toContainText("10.0.0.0/8");
    await page.getByRole("button", { name: of("Give a right", "lab") }).click();
    const give = page.getByRole("dialog", { name: "For whom does lab sign?" });
    await choose(give.getByRole("combobox", { name: "Who" }), new RegExp(one.name), one.name);
    await act(page, "Give the right", `${one.name} may have things signed`, "works in the lab");
    await page.getByRole("button", { name: "Change its key" }).click();
    await act(page, "Change it", "The next key of lab-hosts is published", "it is a year old");
    await expect(page.getByRole("region", { name: "Its keys" }).getByRole("listitem").filter({ hasText: "Key 2" })).toContainText("Next");
    await holds(page, "an authority");
  });

  test("signs a key that somebody pastes, which is downloaded, and revoked by who may", async ({ all }) => {
    const page = await all.as("employee");
    await visit(page, "/certificates");
    await page.getByRole("button", { name: of("Have something signed", "lab") }).click();
    const ask = page.getByRole("dialog", { name: "Have a key signed by lab" });
    await ask.getByLabel("Your public key").fill("no key");
    await ask.getByLabel("Why?").fill("the lab door");
    await ask.getByRole("button", { name: "Have it signed" }).click();
    await expect(ask.getByRole("alert")).toContainText("no public key of SSH");
    await ask.getByLabel("Your public key").fill(publicKey());
    await holds(page, "a key is to be signed");
    await ask.getByRole("button", { name: "Have it signed" }).click();
    const signed = page.getByRole("dialog", { name: "Signed" });
    await expect(signed).toBeVisible();
    await expect(signed.getByLabel("What was signed")).toContainText("ssh-ed25519-cert-v01@openssh.com");
    const saving = page.waitForEvent("download");
    await signed.getByRole("button", { name: "Download it" }).click();
    const file = await saving;
    expect(file.suggestedFilename()).toBe("id-cert.pub");
    expect(readFileSync(await file.path(), "utf8")).toMatch(/^ssh-ed25519-cert-v01@openssh\.com \S+/);
    await signed.getByRole("button", { name: "Done" }).click();
    await expect(page.getByRole("row").filter({ hasText: "the lab door" })).toContainText("Good");

    const owner = await all.as("head");
    await owner.goto(`/authorities/${await found(owner, "/v1/authorities", "lab-hosts")}`);
    await owner.getByRole("row").filter({ hasText: "the lab door" }).getByRole("button", { name: /^Revoke it/ }).click();
    await act(owner, "Revoke it", "It is revoked", "the notebook is gone");
    await expect(owner.getByRole("row").filter({ hasText: "the lab door" })).toContainText("Revoked");
  });

  test("signs for nobody without a right, and ends its profile", async ({ all }) => {
    const owner = await all.as("head");
    await owner.goto(`/authorities/${await found(owner, "/v1/authorities", "lab-hosts")}`);
    await owner.getByRole("button", { name: /^Take it ?from .*: lab$/ }).click();
    await act(owner, "Take it", "has that right no more", "has moved");
    const page = await all.as("employee");
    await page.goto("/certificates");
    await expect(page.getByText("Nothing signs for you")).toBeVisible();
    expect((await call(page, "POST", "/v1/certificates/ssh", { profile: "lab", public_key: publicKey(), reason: "x" })).status).toBe(404);
    await owner.getByRole("button", { name: of("End it", "lab") }).click();
    await act(owner, "End it", "lab is ended", "the lab is closed");
    await expect(owner.getByText("Nothing yet: add a profile.")).toBeVisible();
  });
});

test("what is published is read without signing in, and whoever may not change sees no button", async ({ all }) => {
  const head = await all.as("head");
  const hosts = await found(head, "/v1/authorities", "hosts");
  const auditor = await all.as("audit");
  await visit(auditor, `/authorities/${hosts}`);
  const link = await auditor.getByRole("link", { name: "ca.pub" }).getAttribute("href");
  const published = await auditor.request.get(link ?? "");
  expect(await published.text()).toContain("ssh-ed25519 ");
  const main = auditor.getByRole("main");
  for (const name of [/^Add a profile/, /^Change/, /^End it/, /^Give a right/, /^Take it/, /^Have something/, /^Revoke/]) await expect(main.getByRole("button", { name })).toHaveCount(0);
  expect((await call(auditor, "POST", `/v1/authorities/${hosts}/rotate`, { publish_minutes: 0, overlap_minutes: 0, reason: "x" })).status).toBe(403);
  const employee = await all.as("employee");
  await employee.goto(`/authorities/${hosts}`);
  await expect(employee.getByRole("main")).toContainText(/no such authority|nothing here/i);
});
