import { ActionIcon, AppShell, Box, Burger, Menu, NavLink, Tooltip } from "@mantine/core";
import { useDisclosure, useMediaQuery } from "@mantine/hooks";
import { IconLogout, IconUserCircle } from "@tabler/icons-react";
import { Suspense, useEffect, useRef } from "react";
import { Link, Outlet, ScrollRestoration, useLocation, useNavigation } from "react-router";

import { ClientPicker } from "@/shared/ClientPicker";
import { LoadingState } from "@/shared/LoadingState";

import { BuildStamp } from "./BuildStamp";
import { useCaller } from "./caller";
import { ColorSchemeToggle } from "./ColorSchemeToggle";
import { usePlatform, useIsSignedIn } from "./context";
import { NAV, type NavEntry } from "./nav";
import { Logo } from "./Logo";
import { ScopeProvider } from "./scope";
import { useScope } from "./scope-context";
import classes from "./Shell.module.css";
import { SimulationBar } from "./SimulationBar";
import { SignInPage } from "./SignInPage";

const WIDE = "48em";

/** What surrounds every page: header, navigation, footer; or the sign-in, until there is a key. */
export function Shell() {
  return (
    <ScopeProvider>
      <ScrollRestoration />
      {useIsSignedIn() ? <Framed /> : <SignInPage />}
    </ScopeProvider>
  );
}

function Framed() {
  const [isOpen, menu] = useDisclosure();
  const { pathname } = useLocation();
  const isLoading = useNavigation().state === "loading";
  const { isKnown } = useCaller();
  const { simulation } = usePlatform();
  useFocusOnChange(pathname);

  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 216, breakpoint: "sm", collapsed: { mobile: !isOpen } }}
      padding="md"
    >
      <a className={classes.skip} href="#main" onClick={skipToMain}>
        Skip to the page
      </a>
      <AppShell.Header className={classes.header}>
        <Burger
          opened={isOpen}
          onClick={menu.toggle}
          hiddenFrom="sm"
          size="sm"
          aria-label={isOpen ? "Close the navigation" : "Open the navigation"}
          aria-expanded={isOpen}
        />
        <Link to="/" className={classes.brand} aria-label="Alerting: overview">
          <Logo size={24} />
          <Box component="span" visibleFrom="xs">
            Alerting
          </Box>
        </Link>
        <Box flex={1} />
        <HeaderScope />
        <ColorSchemeToggle />
        <Account />
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Pages" component="nav">
        <Navigation onChoose={menu.close} pathname={pathname} />
      </AppShell.Navbar>
      <AppShell.Main className={classes.main}>
        <SimulationBar />
        <div className={classes.content} id="main" tabIndex={-1} data-page-focus aria-busy={isLoading}>
          <Suspense fallback={<LoadingState isPage />}>
            {/* What a key may do decides what a page has: built up before that is known, it would jump. A simulated
             * platform allows everything, and its pages are there before it answers. */}
            {isKnown || simulation !== undefined ? <Outlet /> : <LoadingState isPage />}
          </Suspense>
        </div>
        <footer className={classes.footer}>
          <BuildStamp />
        </footer>
      </AppShell.Main>
    </AppShell>
  );
}

/** In the playground the fragment holds the route, so that a link to `#main` would lead away. */
function skipToMain(event: { preventDefault(): void }) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** Moves focus to the page when another one is shown, so that keyboards and screen readers go along. */
function useFocusOnChange(pathname: string): void {
  const before = useRef(pathname);
  useEffect(() => {
    if (before.current === pathname) return;
    before.current = pathname;
    document.getElementById("main")?.focus({ preventScroll: true });
  }, [pathname]);
}

function Navigation({ pathname, onChoose }: { pathname: string; onChoose: () => void }) {
  const platform = usePlatform();
  const caller = useCaller();
  const shown = NAV.filter(
    (entry) =>
      (entry.operator !== true || caller.isOperator) &&
      (entry.simulation !== true || platform.simulation !== undefined),
  );
  const link = (entry: NavEntry) => (
    <NavLink
      key={entry.path}
      component={Link}
      to={entry.path}
      label={entry.label}
      leftSection={<entry.icon size={18} stroke={1.6} aria-hidden />}
      active={isUnder(pathname, entry.path)}
      aria-current={isUnder(pathname, entry.path) ? "page" : undefined}
      className={classes.link}
      onClick={onChoose}
    />
  );
  return (
    <>
      {shown.filter((entry) => entry.group === "alerts").map(link)}
      <div className={classes.group}>Platform</div>
      {shown.filter((entry) => entry.group === "platform").map(link)}
    </>
  );
}

function isUnder(pathname: string, path: string): boolean {
  return path === "/" ? pathname === "/" : pathname === path || pathname.startsWith(`${path}/`);
}

function HeaderScope() {
  const scope = useScope();
  const caller = useCaller();
  const isWide = useMediaQuery(`(min-width: ${WIDE})`, true);
  if (!caller.isOperator) return null;
  return (
    <ClientPicker
      value={scope.clientId}
      onChange={scope.choose}
      label="Client that is shown"
      hideLabel
      placeholder="All clients"
      w={isWide ? 240 : 150}
    />
  );
}

function Account() {
  const { signIn } = usePlatform();
  const caller = useCaller();
  if (signIn === undefined) return null;
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Tooltip label="Account">
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Account">
            <IconUserCircle size={20} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{caller.sentence}</Menu.Label>
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => signIn.forget()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
