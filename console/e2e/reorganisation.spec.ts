import { expect, holds, settled, test, visit } from "./base";

const file = (rows: string[]) => ({ name: "hr-next.csv", mimeType: "text/csv", buffer: Buffer.from(["number,name,email,kind,unit,title,start,manager", ...rows].join("\n")) });

test("looking at a file is not for every function", async ({ all }) => {
  const page = await all.as("platform_owner");
  await page.goto("/reorganisation");
  await settled(page);
  await expect(page.getByText("This is not for your function")).toBeVisible();
});

test("a new file is looked at before it is loaded", async ({ all }) => {
  const page = await all.as("iam");
  await visit(page, "/birthrights");
  await page.getByRole("link", { name: "Preview a reorganisation" }).click();
  const look = page.getByRole("button", { name: "See what it would do" });
  await expect(look).toBeDisabled();
  await page.locator("input[type=file]").setInputFiles({ name: "wrong.csv", mimeType: "text/csv", buffer: Buffer.from("a,b\n1,2\n") });
  await look.click();
  await expect(page.getByRole("alert")).toContainText("has no column");
  await page.locator("input[type=file]").setInputFiles(file([
    "NEW-1,Ada Neuer,ada.neuer@example.com,human,Treasury,Clerk,2020-01-01,", "NEW-2,Bo Neuer,bo.neuer@example.com,human,Treasury,Clerk,soon,",
  ]));
  await expect(page.getByRole("alert")).toHaveCount(0);
  await look.click();
  await expect(page.getByText("It would be refused")).toBeVisible();
  await expect(page.getByText("The guard would hold it")).toBeVisible();
  await expect(page.getByRole("region", { name: "Rows that would not count", exact: true })).toContainText("is not a date");
  await expect(page.getByRole("region", { name: "What happens to people", exact: true })).toContainText("hired");
  await expect(page.getByRole("region", { name: "What provisioning would have to do", exact: true })).toBeVisible();
  const who = page.getByRole("region", { name: "Who", exact: true });
  const rows = who.getByRole("row");
  await expect(rows).toHaveCount(21);
  await who.getByRole("button", { name: "Show more of them" }).click();
  await expect(rows).toHaveCount(41);
  await holds(page, "a reorganisation");
  await page.goto("/identities?q=Neuer"); // nothing was loaded
  await settled(page);
  await expect(page.getByText("Ada Neuer")).toHaveCount(0);
});
