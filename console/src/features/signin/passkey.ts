// Passkeys, as the browser offers them: the server says what it wants as JSON and gets
// the answer as JSON.

export class Cancelled extends Error {
  constructor() {
    super("The passkey was not used. Try again, or use another way.");
  }
}

async function asked<T extends Credential>(ask: () => Promise<Credential | null>): Promise<T> {
  try {
    const credential = await ask();
    if (credential) return credential as T;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    if (error.name === "InvalidStateError") throw new Error("This device holds a passkey for you already.", { cause: error });
  }
  throw new Cancelled();
}

export async function show(options: unknown): Promise<PublicKeyCredentialJSON> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options as PublicKeyCredentialRequestOptionsJSON);
  const credential = await asked<PublicKeyCredential>(() => navigator.credentials.get({ publicKey }));
  return credential.toJSON();
}

export async function make(options: unknown): Promise<PublicKeyCredentialJSON> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options as PublicKeyCredentialCreationOptionsJSON);
  const credential = await asked<PublicKeyCredential>(() => navigator.credentials.create({ publicKey }));
  return credential.toJSON();
}

export const supported = typeof PublicKeyCredential === "function" && "parseRequestOptionsFromJSON" in PublicKeyCredential;
