import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet } from "@tanstack/react-router";
import { Frame } from "./Frame";
import { Lost, Broken } from "./Lost";

const root = createRootRoute({ component: Outlet, notFoundComponent: Lost });

const outside = [
  createRoute({ getParentRoute: () => root, path: "/signin", component: lazyRouteComponent(() => import("../features/signin/SignIn"), "SignIn") }),
  createRoute({ getParentRoute: () => root, path: "/welcome", component: lazyRouteComponent(() => import("../features/signin/Welcome"), "Welcome") }),
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
  page("/disputes", () => import("../features/dispute/Disputes"), "Disputes"),
  page("/correlation", () => import("../features/correlation/Correlation"), "Correlation"),
  page("/me", () => import("../features/ask/MyAccess"), "MyAccess"),
];

export const router = createRouter({
  routeTree: root.addChildren([...outside, frame.addChildren(inside)]),
  defaultPreload: "intent",
  defaultErrorComponent: Broken,
  defaultNotFoundComponent: Lost,
  scrollRestoration: true,
});
