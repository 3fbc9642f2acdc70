import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet } from "@tanstack/react-router";
import { Frame } from "./Frame";
import { Lost, Broken } from "./Lost";

const root = createRootRoute({ component: Outlet, notFoundComponent: Lost });

const outside = [
  createRoute({ getParentRoute: () => root, path: "/signin", component: lazyRouteComponent(() => import("../features/signin/SignIn"), "SignIn") }),
  createRoute({ getParentRoute: () => root, path: "/welcome", component: lazyRouteComponent(() => import("../features/signin/Welcome"), "Welcome") }),
  createRoute({ getParentRoute: () => root, path: "/share", component: lazyRouteComponent(() => import("../features/share/Outside"), "Outside") }),
];

const frame = createRoute({ getParentRoute: () => root, id: "frame", component: Frame });

type Load = Parameters<typeof lazyRouteComponent>[0];

function page(path: string, load: Load, name: string) {
  return createRoute({ getParentRoute: () => frame, path, component: lazyRouteComponent(load, name) });
}

const inside = [
  page("/", () => import("../features/home/Home"), "Home"),
  page("/device", () => import("../features/signin/Device"), "Device"),
  page("/settings", () => import("../features/signin/Settings"), "Settings"),
  page("/coverage", () => import("../features/coverage/Coverage"), "Coverage"),
  page("/coverage/evidence", () => import("../features/coverage/Evidence"), "Evidence"),
  page("/findings", () => import("../features/finding/Findings"), "Findings"),
  page("/findings/$id", () => import("../features/finding/Finding"), "Finding"),
  page("/audit", () => import("../features/audit/Audit"), "Audit"),
  page("/search", () => import("../features/search/Results"), "Results"),
  page("/identities", () => import("../features/search/Identities"), "Identities"),
  page("/identities/$id", () => import("../features/ask/Identity"), "Identity"),
  page("/accounts", () => import("../features/search/Accounts"), "Accounts"),
  page("/accounts/$id", () => import("../features/ask/Account"), "Account"),
  page("/entitlements", () => import("../features/search/Entitlements"), "Entitlements"),
  page("/entitlements/$id", () => import("../features/ask/Entitlement"), "Entitlement"),
  page("/systems", () => import("../features/system/Systems"), "Systems"),
  page("/systems/new", () => import("../features/system/Add"), "Add"),
  page("/systems/$id/setup", () => import("../features/system/Setup"), "Setup"),
  page("/systems/$id", () => import("../features/system/System"), "System"),
  page("/analytics", () => import("../features/analytics/Outliers"), "Outliers"),
  page("/analytics/unused", () => import("../features/analytics/Unused"), "Unused"),
  page("/analytics/creep", () => import("../features/analytics/Creep"), "Creep"),
  page("/analytics/what-if", () => import("../features/analytics/WhatIf"), "WhatIf"),
  page("/disputes", () => import("../features/dispute/Disputes"), "Disputes"),
  page("/doubts", () => import("../features/doubt/Doubts"), "Doubts"),
  page("/correlation", () => import("../features/correlation/Correlation"), "Correlation"),
  page("/policies", () => import("../features/policy/Policies"), "Policies"),
  page("/policies/new", () => import("../features/policy/Write"), "NewPolicies"),
  page("/policies/$id", () => import("../features/policy/Document"), "PolicyDocument"),
  page("/policies/$id/edit", () => import("../features/policy/Write"), "EditPolicies"),
  page("/roles", () => import("../features/role/Roles"), "Roles"),
  page("/roles/explosion", () => import("../features/role/Explosion"), "Explosion"),
  page("/roles/new", () => import("../features/role/Edit"), "NewRole"),
  page("/roles/mining", () => import("../features/role/mine/Workbench"), "Workbench"),
  page("/roles/mining/$run", () => import("../features/role/mine/Mining"), "Mining"),
  page("/roles/mining/$run/$place", () => import("../features/role/mine/Candidate"), "Candidate"),
  page("/roles/$id", () => import("../features/role/Role"), "Role"),
  page("/roles/$id/edit", () => import("../features/role/Edit"), "EditRole"),
  page("/roles/$id/migration", () => import("../features/role/Migration"), "Migration"),
  page("/provisioning", () => import("../features/provision/Runs"), "Runs"),
  page("/provisioning/operations", () => import("../features/provision/Operations"), "Operations"),
  page("/provisioning/operations/$id", () => import("../features/provision/Operation"), "Operation"),
  page("/provisioning/work", () => import("../features/provision/Operations"), "Work"),
  page("/provisioning/$id", () => import("../features/provision/Run"), "Run"),
  page("/credentials", () => import("../features/provision/Credentials"), "Credentials"),
  page("/safes", () => import("../features/vault/Safes"), "Safes"),
  page("/safes/$id", () => import("../features/vault/Safe"), "Safe"),
  page("/secrets", () => import("../features/vault/Secrets"), "Secrets"),
  page("/secrets/$id", () => import("../features/vault/Secret"), "Secret"),
  page("/shares", () => import("../features/share/Shares"), "Shares"),
  page("/checkouts", () => import("../features/vault/Checkouts"), "Checkouts"),
  page("/rotation", () => import("../features/rotate/Rotation"), "Rotation"),
  page("/leases", () => import("../features/lease/Leases"), "Leases"),
  page("/leases/own", () => import("../features/lease/Own"), "Own"),
  page("/leases/$id", () => import("../features/lease/Lease"), "Lease"),
  page("/lease-templates", () => import("../features/lease/Templates"), "Templates"),
  page("/lease-templates/$id", () => import("../features/lease/Template"), "Template"),
  page("/authorities", () => import("../features/authority/Authorities"), "Authorities"),
  page("/authorities/$id", () => import("../features/authority/Authority"), "Authority"),
  page("/certificates", () => import("../features/authority/Own"), "Own"),
  page("/break-glass", () => import("../features/breakglass/Kits"), "Kits"),
  page("/break-glass/$id", () => import("../features/breakglass/Kit"), "Kit"),
  page("/kit-shares", () => import("../features/breakglass/Shares"), "Shares"),
  page("/onboarding", () => import("../features/onboard/Candidates"), "Candidates"),
  page("/onboarding/$id", () => import("../features/onboard/Onboarding"), "Onboarding"),
  page("/elevations", () => import("../features/elevate/Elevations"), "Elevations"),
  page("/approvals", () => import("../features/approval/Approvals"), "Approvals"),
  page("/approvals/$id", () => import("../features/approval/Approval"), "Approval"),
  page("/lifecycle", () => import("../features/lifecycle/Lifecycle"), "Lifecycle"),
  page("/lifecycle/contracts", () => import("../features/lifecycle/Contracts"), "Contracts"),
  page("/lifecycle/$id", () => import("../features/lifecycle/Event"), "Event"),
  page("/birthrights", () => import("../features/lifecycle/Birthrights"), "Birthrights"),
  page("/reorganisation", () => import("../features/lifecycle/Preview"), "Preview"),
  page("/birthrights/new", () => import("../features/lifecycle/RuleForm"), "NewBirthright"),
  page("/birthrights/$name", () => import("../features/lifecycle/Birthright"), "Birthright"),
  page("/mappings", () => import("../features/lifecycle/Mappings"), "Mappings"),
  page("/mappings/$system", () => import("../features/lifecycle/Mapping"), "Mapping"),
  page("/me", () => import("../features/ask/MyAccess"), "MyAccess"),
];

export const router = createRouter({
  routeTree: root.addChildren([...outside, frame.addChildren(inside)]),
  defaultPreload: "intent",
  defaultErrorComponent: Broken,
  defaultNotFoundComponent: Lost,
  scrollRestoration: true,
});
