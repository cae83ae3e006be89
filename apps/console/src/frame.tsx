import {
  ActionIcon,
  AppShell,
  Burger,
  Button,
  Group,
  Loader,
  NavLink,
  ScrollArea,
  Stack,
  Text,
  Title,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure, useHotkeys } from '@mantine/hooks';
import { Link, Outlet, useLocation, useRouter, useRouterState } from '@tanstack/react-router';
import { useEffect } from 'react';
import { LogOut } from './account/log-out';
import { useProfileQuery } from './account/profile';
import { Failure } from './failure';
import { ConnectionBanner } from './frame/connection-banner';
import { preloadPages } from './frame/lazy-page';
import { MAIN, usePageTitle } from './frame/title';
import { isAt, ROOMS } from './navigation';

/** Pages that are opened later are downloaded this long after the first one, milliseconds. */
const PRELOAD_AFTER_MS = 1_500;

/** Navigation around every page but those of the entrance. */
export function Frame() {
  const { pathname } = useLocation();
  const [opened, navigation] = useDisclosure();
  const profile = useProfileQuery();
  const { routesById } = useRouter();
  useEffect(() => navigation.close(), [pathname]);
  useHotkeys([['Escape', () => navigation.close()]]);
  useEffect(() => {
    const timer = setTimeout(() => void preloadPages(routesById), PRELOAD_AFTER_MS);
    return () => clearTimeout(timer);
  }, [routesById]);
  usePageTitle();
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 210, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding="md"
    >
      <AppShell.Header px="md">
        <a href={`#${MAIN}`} className="skip-link">
          Skip to the page
        </a>
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger
              hiddenFrom="sm"
              size="sm"
              opened={opened}
              onClick={navigation.toggle}
              aria-label={opened ? 'close the navigation' : 'open the navigation'}
              aria-expanded={opened}
              aria-controls="navigation"
            />
            <Text fw={700} size="lg">
              Vectron
            </Text>
            <Busy />
          </Group>
          <Group gap="xs" wrap="nowrap">
            <ColorScheme />
            <Group gap="xs" wrap="nowrap" visibleFrom="sm">
              <OwnAccount email={profile.data?.user?.email} />
            </Group>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" id="navigation" aria-label="pages" data-closed={!opened}>
        <AppShell.Section grow component={ScrollArea}>
          <Rooms role={profile.data?.user?.role} pathname={pathname} />
        </AppShell.Section>
        <AppShell.Section hiddenFrom="sm">
          <Stack gap="xs">
            <OwnAccount email={profile.data?.user?.email} />
          </Stack>
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main id={MAIN} tabIndex={-1}>
        <ConnectionBanner />
        {profile.data === undefined && <Failure error={profile.error} />}
        <Outlet />
      </AppShell.Main>
    </AppShell>
  );
}

/** A page is on its way. */
function Busy() {
  const isLoading = useRouterState({ select: ({ isLoading }) => isLoading });
  return isLoading ? <Loader size="xs" aria-label="loading" /> : null;
}

function Rooms({ role, pathname }: { role: string | undefined; pathname: string }) {
  const rooms = ROOMS.map(({ label, places }) => ({
    label,
    places: places.filter((one) => one.for === undefined || one.for === role),
  }));
  return rooms.map(({ label, places }) => (
    <Stack key={label} gap={0} mb="sm">
      <Title order={2} size="xs" c="dimmed" px="sm" py={4}>
        {label}
      </Title>
      {places.map(({ to, label: name }) => {
        const here = isAt(to, pathname);
        return (
          <NavLink
            key={to}
            component={Link}
            to={to}
            label={name}
            active={here}
            aria-current={here ? 'page' : undefined}
          />
        );
      })}
    </Stack>
  ));
}

function OwnAccount({ email }: { email: string | undefined }) {
  return (
    <>
      <Button variant="default" size="xs" component="a" href="/docs">
        API reference
      </Button>
      <Button variant="default" size="xs" component={Link} to="/account">
        {email ?? 'Account'}
      </Button>
      <LogOut />
    </>
  );
}

function ColorScheme() {
  const { setColorScheme } = useMantineColorScheme();
  const now = useComputedColorScheme('light');
  const other = now === 'light' ? 'dark' : 'light';
  return (
    <ActionIcon variant="default" aria-label={`switch to ${other} colours`} onClick={() => setColorScheme(other)}>
      <Text size="sm" aria-hidden>
        ◐
      </Text>
    </ActionIcon>
  );
}
