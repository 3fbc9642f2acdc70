import { IconAlertTriangle, IconDatabase, IconId, IconKey, IconServer2, IconUser } from "@tabler/icons-react";
import { said } from "../access/words";

interface Hit {
  id: string;
  type: string;
  kind?: string;
  name: string;
  system?: { name: string } | null;
}

const places: Record<string, string> = { identity: "/identities/", account: "/accounts/", entitlement: "/entitlements/", system: "/systems/", finding: "/findings/" };
const signs: Record<string, typeof IconUser> = {
  identity: IconUser, account: IconId, entitlement: IconKey, system: IconServer2, finding: IconAlertTriangle, resource: IconDatabase,
};

// hitPlace is where what was found is shown; what has no page of its own is searched for.
export function hitPlace(hit: Hit): string {
  const place = places[hit.type];
  return place ? place + hit.id : `/search?q=${encodeURIComponent(hit.name)}`;
}

export function hitSign(type: string): typeof IconUser {
  return signs[type] ?? IconKey;
}

export function hitNote(hit: Hit): string {
  return [said(hit.type), hit.kind && said(hit.kind).toLowerCase(), hit.system && `in ${hit.system.name}`].filter(Boolean).join(", ");
}
