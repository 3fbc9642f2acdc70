import "fake-indexeddb/auto";
import { describe, expect, test } from "vitest";
import { proof } from "./proof";

function part(text: string | undefined): Record<string, unknown> {
  return JSON.parse(atob((text ?? "").replaceAll("-", "+").replaceAll("_", "/"))) as Record<string, unknown>;
}

async function verified(token: string): Promise<boolean> {
  const [head, claims, signature] = token.split(".");
  const key = await crypto.subtle.importKey("jwk", part(head).jwk as JsonWebKey, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
  const bytes = Uint8Array.from(atob((signature ?? "").replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, bytes, new TextEncoder().encode(`${head}.${claims}`));
}

describe("proof", () => {
  test("says what the request is, without its query, and is signed", async () => {
    const token = await proof("post", "https://writ.example.com/v1/findings?system=sys_1#top");
    const [head, claims] = token.split(".");
    expect(part(head)).toMatchObject({ typ: "dpop+jwt", alg: "ES256" });
    expect(part(claims)).toMatchObject({ htm: "POST", htu: "https://writ.example.com/v1/findings" });
    expect(Math.abs(Number(part(claims).iat) - Date.now() / 1000)).toBeLessThan(5);
    expect(await verified(token)).toBe(true);
  });

  test("is another one every time, by the same key", async () => {
    const [a, b] = [await proof("GET", "https://w.test/v1/me"), await proof("GET", "https://w.test/v1/me")];
    expect(part(a.split(".")[1]).jti).not.toBe(part(b.split(".")[1]).jti);
    expect(part(a.split(".")[0]).jwk).toEqual(part(b.split(".")[0]).jwk);
  });

  test("tells nothing of the private key, which cannot leave", async () => {
    const { jwk } = part((await proof("GET", "https://w.test/v1/me")).split(".")[0]);
    expect(Object.keys(jwk as object).sort()).toEqual(["crv", "kty", "x", "y"]);
    const db = await new Promise<IDBDatabase>((resolve, reject) => {
      const opening = indexedDB.open("writ", 1);
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    const pair = await new Promise<CryptoKeyPair>((resolve) => {
      const got = db.transaction("keys").objectStore("keys").get("proof");
      got.onsuccess = () => resolve(got.result as CryptoKeyPair);
    });
    await expect(crypto.subtle.exportKey("jwk", pair.privateKey)).rejects.toThrow();
  });
});
