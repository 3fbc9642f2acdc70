import type { Where } from "./Reach";
import type { Change, Kind, Shown } from "./system";
import { prefixOf, spell, unspell } from "./words";

export const nowhere: Where = { address: "", options: {}, credential: "secret", named: "", secret: "" };

// whereOf is how a system is reached, as a form shows it.
export function whereOf(s: Shown, kind: Kind): Where {
  const options: Record<string, string> = { ...s.options };
  for (const family of (kind.options ?? []).filter((o) => o.family)) {
    const prefix = prefixOf(family.name);
    const members = Object.entries(s.options).filter(([name]) => name.startsWith(prefix));
    for (const [name] of members) delete options[name];
    if (members.length > 0) options[family.name] = spell(Object.fromEntries(members));
  }
  return { ...nowhere, address: s.address, options, credential: "keep" };
}

// toldOf is what of it is sent. What is empty goes by its default.
export function toldOf(w: Where, kind: Kind): Pick<Change, "address" | "options" | "credential"> {
  const options: Record<string, string> = {};
  for (const [name, value] of Object.entries(w.options)) {
    if (value.trim() === "") continue;
    if ((kind.options ?? []).some((o) => o.family && o.name === name)) Object.assign(options, unspell(value));
    else options[name] = value.trim();
  }
  return { address: w.address.trim(), options, credential: credentialOf(w, kind) };
}

function credentialOf(w: Where, kind: Kind): Change["credential"] {
  if (kind.address_declared || w.credential === "keep") return undefined;
  if (w.credential === "named") return { name: w.named };
  return w.credential === "secret" ? { secret: w.secret } : { none: true };
}

// whole reports whether enough of it is there to be sent.
export function whole(w: Where, kind: Kind): boolean {
  const told = (kind.options ?? []).filter((o) => o.required).every((o) => (w.options[o.name] ?? "").trim() !== "");
  const credential = kind.address_declared || w.credential === "keep" || w.credential === "none" || (w.credential === "named" ? w.named : w.secret) !== "";
  return told && credential && w.address.trim() !== "";
}
