import { IconAlertTriangle, IconId, IconKey, IconServer2, IconUser } from "@tabler/icons-react";

interface Hit {
  id: string;
  kind: string;
}

const places: Record<string, string> = {
  identity: "/identities/", entitlement: "/entitlements/", system: "/systems/", finding: "/findings/", account: "/accounts/",
};
const signs: Record<string, typeof IconUser> = {
  identity: IconUser, account: IconId, entitlement: IconKey, system: IconServer2, finding: IconAlertTriangle,
};

export function hitPlace(hit: Hit): string {
  return (places[hit.kind] ?? "/search?q=") + hit.id;
}

export function hitSign(kind: string): typeof IconUser {
  return signs[kind] ?? IconKey;
}
