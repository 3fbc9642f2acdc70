import type { Page } from "@playwright/test";
import { expect } from "./base";
import { call } from "./call";

const addressOf = (role: string) => `postgres://${role}@127.0.0.1:${process.env.E2E_POSTGRES ?? ""}/postgres?sslmode=disable`;

// joined adds the cluster as a system that is read as a role of it, waits until one of its
// accounts is known, and returns the system's id and the account's.
export async function joined(page: Page, owner: string, name: string, role: string, login: string): Promise<{ system: string; account: string }> {
  const added = await call(page, "POST", "/v1/systems", { name, kind: "postgres", address: addressOf(role), business_owner: owner, technical_owner: owner });
  expect(added.status, JSON.stringify(added.body)).toBe(201);
  const { id } = added.body as { id: string };
  const active = await call(page, "POST", `/v1/systems/${id}/activate`, undefined, added.tag);
  expect(active.status, JSON.stringify(active.body)).toBe(200);
  let account: string | undefined;
  await expect.poll(async () => {
    await call(page, "POST", `/v1/systems/${id}/sync`, {}); // refused while it is being read
    const list = (await call(page, "GET", `/v1/accounts?system=${id}&q=${login}`)).body as { items: { id: string; login: string }[] | null };
    account = list.items?.find((a) => a.login === login)?.id;
    return account;
  }, { timeout: 60_000, intervals: [3000] }).toBeDefined();
  return { system: id, account: account! };
}
