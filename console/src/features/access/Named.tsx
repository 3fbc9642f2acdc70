import { Link } from "@tanstack/react-router";

export interface NamedThing {
  id: string;
  type: string;
  name: string;
  system?: string;
  number?: string;
  native?: string;
  hidden?: boolean;
}

const pages: Record<string, string> = { identity: "/identities/", account: "/accounts/", entitlement: "/entitlements/", system: "/systems/", finding: "/findings/", role: "/roles/", safe: "/safes/", secret: "/secrets/", template: "/lease-templates/", lease: "/leases/", authority: "/authorities/", kit: "/break-glass/" };

export function placeOf(thing: NamedThing): string | undefined {
  const page = pages[thing.type];
  return page && thing.id ? page + thing.id : undefined;
}

// Named is an object by its name, with the way to its page where it has one.
export function Named({ of, withSystem = true }: { of?: NamedThing | null; withSystem?: boolean }) {
  if (!of) return <span className="quiet">nobody</span>;
  if (of.hidden) return <span className="quiet">hidden</span>;
  const to = placeOf(of);
  const system = withSystem && of.type !== "system" ? of.system : undefined;
  return (
    <span className={system ? "within-text" : undefined}>
      {to ? <Link to={to}>{of.name}</Link> : of.name}
      {system && <span className="quiet"> in {system}</span>}
    </span>
  );
}
