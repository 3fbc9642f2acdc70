// A proof that a request comes from this browser and no other (RFC 9449). The key
// never leaves it: scripts may sign with it and cannot read it.

const database = "writ";
const shelf = "keys";
const name = "proof";

function opened(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(database, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(shelf);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser keeps no keys"));
  });
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser keeps no keys"));
  });
}

async function made(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
}

// The key of this browser. Two tabs that begin at once end with the same one: the
// second finds what the first has put, in one transaction.
async function find(): Promise<CryptoKeyPair> {
  const db = await opened();
  const kept = await done<CryptoKeyPair | undefined>(db.transaction(shelf).objectStore(shelf).get(name));
  if (kept) return kept;
  const fresh = await made();
  const keys = db.transaction(shelf, "readwrite").objectStore(shelf);
  const first = await done<CryptoKeyPair | undefined>(keys.get(name));
  if (first) return first;
  await done(keys.put(fresh, name));
  return fresh;
}

let key: Promise<CryptoKeyPair> | undefined;

// A browser that keeps nothing (a private window) has a key for as long as the page.
function keyPair(): Promise<CryptoKeyPair> {
  key ??= find().catch(made);
  return key;
}

export function base64url(bytes: ArrayBuffer | Uint8Array): string {
  let text = "";
  for (const b of new Uint8Array(bytes as ArrayBuffer)) text += String.fromCharCode(b);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function json(value: unknown): string {
  return base64url(new TextEncoder().encode(JSON.stringify(value)));
}

let publicKey: Promise<JsonWebKey> | undefined;

async function jwk(): Promise<JsonWebKey> {
  const { publicKey: own } = await keyPair();
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", own);
  return { kty, crv, x, y };
}

// proof signs one request: its method, and its address without the query.
export async function proof(method: string, address: string): Promise<string> {
  const { privateKey } = await keyPair();
  publicKey ??= jwk();
  const at = new URL(address);
  const head = json({ typ: "dpop+jwt", alg: "ES256", jwk: await publicKey });
  const claims = json({
    jti: base64url(crypto.getRandomValues(new Uint8Array(16))),
    htm: method.toUpperCase(),
    htu: at.origin + at.pathname,
    iat: Math.floor(Date.now() / 1000),
  });
  const signed = await crypto.subtle.sign(
    { name: "ECDSA", hash: "SHA-256" }, privateKey, new TextEncoder().encode(`${head}.${claims}`),
  );
  return `${head}.${claims}.${base64url(signed)}`;
}

// thumbprint names the key (RFC 7638), for what a browser is sent to and cannot sign.
export async function thumbprint(): Promise<string> {
  publicKey ??= jwk();
  const { crv, kty, x, y } = await publicKey;
  return base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify({ crv, kty, x, y }))));
}
