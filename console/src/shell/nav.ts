import {
  IconBolt, IconShieldLock, IconCalendarRepeat, IconChartDots, IconChecks, IconFileCheck, IconGauge, IconGavel, IconHome2, IconId, IconIdBadge2, IconKey, IconLink, IconLockOpen, IconLockPassword, IconListSearch, IconPassword, IconServer2, IconShare3, IconSettings, IconShieldHalf, IconTimelineEvent, IconTransfer, IconUserCheck, IconUserCircle, IconUserQuestion, IconUserScan, IconUsers, IconUsersGroup, IconCertificate, IconFileCertificate, IconHourglass, IconUserPlus, IconDoorEnter, IconHammer, IconPuzzle,
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
      { to: "/analytics", label: "Analytics", sign: IconChartDots, keywords: "outliers peers unused access creep movers what if simulate policy cedar", needs: "analytics.read" },
    ],
  },
  {
    label: "Decide",
    places: [
      { to: "/roles", label: "Roles", sign: IconUsersGroup, keywords: "catalog business technical draft publish explosion assign mining workbench mine migrate", needs: "role.read" },
      { to: "/disputes", label: "Disputes", sign: IconUserQuestion, keywords: "whose account link orphan", needs: "link.decide" },
      { to: "/doubts", label: "Doubts", sign: IconUserScan, keywords: "rows source same another person number rehire left come back", needs: "lifecycle.read" },
      { to: "/correlation", label: "Correlation", sign: IconLink, keywords: "rules match accounts people", needs: "correlation.read" },
      { to: "/policies", label: "Policies", sign: IconGavel, keywords: "cedar rules forbid permit draft publish simulate own", needs: "policy.read" },
    ],
  },
  {
    label: "Provide",
    places: [
      { to: "/lifecycle", label: "Lifecycle", sign: IconTimelineEvent, keywords: "events hire move leave return terminate leaver rehire emergency contracts", needs: "lifecycle.read" },
      { to: "/birthrights", label: "Birthrights", sign: IconUserCheck, keywords: "joiner mover leaver rules held steps", needs: "birthright.read" },
      { to: "/mappings", label: "Mappings", sign: IconIdBadge2, keywords: "accounts logins attributes", needs: "mapping.read" },
      { to: "/provisioning", label: "Provisioning", sign: IconTransfer, keywords: "runs operations held dead guard approve work items by hand", needs: "provisioning.read" },
    ],
  },
  {
    label: "Protect",
    places: [
      { to: "/safes", label: "Safes", sign: IconShieldLock, keywords: "vault secrets passwords keys owner rights terms", needs: "safe.read" },
      { to: "/checkouts", label: "Out now", sign: IconLockOpen, keywords: "check-outs checked out who has which secret take back force", needs: "checkout.read" },
      { to: "/shares", label: "Given outside", sign: IconShare3, keywords: "share links one-time third parties outside recipient withdraw", needs: "share.read" },
      { to: "/rotation", label: "Rotation", sign: IconCalendarRepeat, keywords: "rotate calendar schedule failing waiting incident passwords change", needs: "secret.read" },
      { to: "/leases", label: "Leases", sign: IconHourglass, keywords: "accounts for one use running stuck late orphans revoke templates", needs: "lease.read" },
      { to: "/authorities", label: "Authorities", sign: IconCertificate, keywords: "ssh x509 jwt keys rotate certificates profiles sign revoke", needs: "authority.read" },
      { to: "/onboarding", label: "Onboarding", sign: IconDoorEnter, keywords: "onboard take over candidates privileged shared accounts ssh keys embedded secrets no safe", needs: "account.read" },
      { to: "/break-glass", label: "Break glass", sign: IconHammer, keywords: "kits emergency offline shares drill record merge opened review", needs: "breakglass.read" },
    ],
  },
  { label: "Prove", places: [{ to: "/audit", label: "Audit", sign: IconFileCheck, keywords: "record log verify" }] },
  {
    label: "Yours",
    places: [
      { to: "/me", label: "My access", sign: IconUserCircle, keywords: "what do I have" },
      { to: "/secrets", label: "Secrets", sign: IconLockPassword, keywords: "check out in reveal vault password mine" },
      { to: "/leases/own", label: "Accounts for one use", sign: IconUserPlus, keywords: "lease get database login password temporary dynamic" },
      { to: "/certificates", label: "Certificates", sign: IconFileCertificate, keywords: "sign ssh key x509 token public key download mine" },
      { to: "/kit-shares", label: "Kit shares", sign: IconPuzzle, keywords: "break glass kit share pick up holder emergency mine" },
      { to: "/elevations", label: "Elevations", sign: IconBolt, keywords: "activate elevate privileged just in time eligible" },
      { to: "/approvals", label: "Approvals", sign: IconChecks, keywords: "agree decide approve refuse waits for me" },
      { to: "/credentials", label: "First passwords", sign: IconPassword, keywords: "credentials pick up new account" },
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
