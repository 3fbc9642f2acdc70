import { ActionIcon, Drawer, Kbd, Menu, UnstyledButton, VisuallyHidden } from "@mantine/core";
import { useDisclosure, useHotkeys } from "@mantine/hooks";
import { IconDots, IconGauge, IconHome2, IconLogout, IconSearch, IconShieldHalf, IconUserCircle } from "@tabler/icons-react";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useRef } from "react";
import { useMe, useSignOut } from "../features/signin/me";
import { Bones } from "../ui/Bones";
import css from "./frame.module.css";
import { placesFor } from "./nav";
import { Scheme } from "./Scheme";
import { Stale } from "./Stale";

const Palette = lazy(() => import("./Palette").then((m) => ({ default: m.Palette })));

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

// Frame is what is around every page for whoever has signed in.
export function Frame() {
  const [palette, { open, close }] = useDisclosure(false);
  useHotkeys([["mod+K", open], ["/", open]], ["INPUT", "TEXTAREA", "SELECT"]);
  const me = useMe();
  useArrival();
  return (
    <div className={css.frame}>
      <a className={css.skip} href="#main">Skip to the page</a>
      <aside className={css.side}>
        <Brand />
        <SearchButton onClick={open} />
        <Navigation />
        <div className={css.foot}><Who /></div>
      </aside>
      <header className={css.top}>
        <Brand />
        <ActionIcon variant="subtle" size="lg" color="gray" aria-label="Search and commands" onClick={open}><IconSearch size={19} /></ActionIcon>
      </header>
      <main className={css.main} id="main" tabIndex={-1}>
        {me.isPending ? <div className={css.wait}><Bones lines={6} height={20} /></div> : <><Stale /><Outlet /></>}
      </main>
      <Below />
      {palette && <Suspense><Palette onClose={close} /></Suspense>}
    </div>
  );
}

function Brand() {
  return (
    <Link to="/" className={css.brand} aria-label="Writ, home">
      <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
        <rect width="32" height="32" rx="7" className={css.brandGround} />
        <path d="M7 10l4.2 12L16 12l4.8 10L25 10" className={css.brandLine} />
      </svg>
      <span>Writ</span>
    </Link>
  );
}

function SearchButton({ onClick }: { onClick: () => void }) {
  return (
    <UnstyledButton className={css.search} onClick={onClick} aria-keyshortcuts="Control+K Meta+K">
      <IconSearch size={15} aria-hidden />
      <span>Search or go to</span>
      <Kbd size="xs" aria-hidden>{isMac ? "⌘K" : "Ctrl K"}</Kbd>
    </UnstyledButton>
  );
}

function Navigation({ onGo }: { onGo?: () => void }) {
  const me = useMe();
  return (
    <nav aria-label="Main" className={css.nav}>
      {placesFor(me.data?.may).map((group, i) => (
        <div key={group.label ?? i} role="group" aria-label={group.label}>
          {group.label && <div className={css.navLabel} aria-hidden="true">{group.label}</div>}
          {group.places.map(({ to, label, sign: Icon }) => (
            <Link key={to} to={to} className={css.navItem} activeOptions={{ exact: to === "/" }} activeProps={{ "data-here": true, "aria-current": "page" } as object} onClick={onGo}>
              <Icon size={17} stroke={1.7} aria-hidden />
              {label}
            </Link>
          ))}
        </div>
      ))}
    </nav>
  );
}

function Who() {
  const me = useMe();
  const signOut = useSignOut();
  return (
    <Menu position="top-start" width={230} shadow="md">
      <Menu.Target>
        <UnstyledButton className={css.who}>
          <span className={css.initials} aria-hidden="true">{initials(me.data?.name)}</span>
          <span className={css.whoText}>
            <span className={css.whoName}>{me.data?.name ?? " "}</span>
            <span className={css.whoNote}>{me.data?.described ?? " "}</span>
          </span>
          <VisuallyHidden>You, and how this looks</VisuallyHidden>
          <IconDots size={16} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Scheme />
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={15} />} onClick={() => signOut.mutate()}>Sign out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

// Below is the way around on a narrow screen.
function Below() {
  const [more, { open, close }] = useDisclosure(false);
  const places = [
    { to: "/", label: "Home", sign: IconHome2 }, { to: "/findings", label: "Findings", sign: IconShieldHalf },
    { to: "/coverage", label: "Coverage", sign: IconGauge }, { to: "/me", label: "Mine", sign: IconUserCircle },
  ];
  return (
    <>
      <nav className={css.below} aria-label="Quick">
        {places.map(({ to, label, sign: Icon }) => (
          <Link key={to} to={to} className={css.belowItem} activeOptions={{ exact: to === "/" }} activeProps={{ "data-here": true, "aria-current": "page" } as object}>
            <Icon size={20} stroke={1.7} aria-hidden />{label}
          </Link>
        ))}
        <button type="button" className={css.belowItem} onClick={open} aria-haspopup="dialog"><IconDots size={20} stroke={1.7} aria-hidden />More</button>
      </nav>
      <Drawer opened={more} onClose={close} position="bottom" size="auto" title="Go to" radius="lg">
        <Navigation onGo={close} />
        <div className={css.moreFoot}><Who /></div>
      </Drawer>
    </>
  );
}

function initials(name = ""): string {
  const parts = name.split(/\s+/).filter(Boolean);
  return ((parts[0]?.[0] ?? "") + (parts.length > 1 ? parts[parts.length - 1]![0]! : "")).toUpperCase();
}

// Whoever hears the page arrives at its title; the first page is where they begin anyway.
function useArrival() {
  const path = useRouterState({ select: (s) => s.resolvedLocation?.pathname });
  const before = useRef(path);
  useEffect(() => {
    if (before.current !== undefined && path !== before.current) document.getElementById("title")?.focus({ preventScroll: true });
    before.current = path;
  }, [path]);
}
