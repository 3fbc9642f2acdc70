import type { Page } from "@playwright/test";
import { expect } from "./base";

interface Called {
  status: number;
  tag: string;
  body: unknown;
}

// call asks the API as whoever is signed in on a page, as a script of theirs in that browser
// would: past every button. The browser's own key signs the proof.
export async function call(page: Page, method: string, path: string, body?: unknown, tag = ""): Promise<Called> {
  return page.evaluate(async ({ method, path, body, tag }) => {
    const done = <T>(r: IDBRequest<T>) => new Promise<T>((resolve, reject) => { r.onsuccess = () => resolve(r.result); r.onerror = () => reject(r.error); });
    const db = await done(indexedDB.open("writ"));
    const pair = await done(db.transaction("keys").objectStore("keys").get("proof") as IDBRequest<CryptoKeyPair>);
    db.close();
    const url = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    const text = (value: unknown) => url(new TextEncoder().encode(JSON.stringify(value)));
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
    const at = new URL(path, location.origin);
    const claims = { jti: url(crypto.getRandomValues(new Uint8Array(16))), htm: method, htu: at.origin + at.pathname, iat: Math.floor(Date.now() / 1000) };
    const said = `${text({ typ: "dpop+jwt", alg: "ES256", jwk: { kty, crv, x, y } })}.${text(claims)}`;
    const signed = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, new TextEncoder().encode(said));
    const headers: Record<string, string> = { DPoP: `${said}.${url(new Uint8Array(signed))}`, ...(body !== undefined && { "Content-Type": "application/json" }), ...(tag && { "If-Match": tag }) };
    const answer = await fetch(at, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const whole = await answer.text();
    return { status: answer.status, tag: answer.headers.get("ETag") ?? "", body: whole === "" ? null : JSON.parse(whole) as unknown };
  }, { method, path, body, tag });
}

export interface Person {
  page: Page;
  id: string;
  name: string;
}

export async function person(page: Page): Promise<Person> {
  const me = (await call(page, "GET", "/v1/me")).body as { identity: string; name: string };
  return { page, id: me.identity, name: me.name };
}

// found is the id of a thing that is known by its name.
export async function found(page: Page, path: string, name: string): Promise<string> {
  const list = (await call(page, "GET", path)).body as { items: { id: string; name?: string; login?: string }[] };
  const one = list.items.find((x) => (x.name ?? x.login) === name);
  expect(one, `${name} in ${path}`).toBeDefined();
  return one!.id;
}
