import {
  IconFileCheck, IconGauge, IconHome2, IconId, IconKey, IconLink, IconListSearch, IconServer2, IconSettings, IconShieldHalf, IconUserCircle, IconUserQuestion, IconUsers,
} from "@tabler/icons-react";

export interface Place {
  to: string;
  label: string;
  sign: typeof IconHome2;
  keywords?: string;
  needs?: string; // what the person has to be able to do somewhere; see useMe
}

export interface Group {
  label?: string;
  places: Place[];
}

// Where somebody can go, by what they want to do.
export const groups: Group[] = [
  { places: [{ to: "/", label: "Home", sign: IconHome2, keywords: "start queue today" }] },
  {
    label: "See",
    places: [
      { to: "/coverage", label: "Coverage", sign: IconGauge, keywords: "controls matrix" },
      { to: "/findings", label: "Findings", sign: IconShieldHalf, keywords: "gaps risks issues" },
      { to: "/identities", label: "Identities", sign: IconUsers, keywords: "people services agents" },
      { to: "/accounts", label: "Accounts", sign: IconId, keywords: "logins orphans dormant shared break glass" },
      { to: "/entitlements", label: "Entitlements", sign: IconKey, keywords: "groups roles rights tiers" },
      { to: "/systems", label: "Systems", sign: IconServer2, keywords: "connectors sync sources" },
    ],
  },
  {
    label: "Decide",
    places: [
      { to: "/disputes", label: "Disputes", sign: IconUserQuestion, keywords: "whose account link orphan", needs: "link.decide" },
      { to: "/correlation", label: "Correlation", sign: IconLink, keywords: "rules match accounts people", needs: "correlation.read" },
    ],
  },
  { label: "Prove", places: [{ to: "/audit", label: "Audit", sign: IconFileCheck, keywords: "record log verify" }] },
  {
    label: "Yours",
    places: [
      { to: "/me", label: "My access", sign: IconUserCircle, keywords: "what do I have" },
      { to: "/settings", label: "Settings", sign: IconSettings, keywords: "passkeys sign-ins theme" },
    ],
  },
];

// placesFor leaves out what somebody could do nothing with.
export function placesFor(may: string[] | null | undefined): Group[] {
  return groups
    .map((g) => ({ ...g, places: g.places.filter((p) => p.needs === undefined || (may ?? []).includes(p.needs)) }))
    .filter((g) => g.places.length > 0);
}

export const searchPlace: Place = { to: "/search", label: "Search", sign: IconListSearch };
