import { ActionIcon, AppShell, Button, Group, NavLink, Text, Title, useMantineColorScheme } from '@mantine/core';
import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { LogOut } from './account/log-out';
import { useProfile } from './account/profile';

const PAGES = [
  { to: '/', label: 'Collections' },
  { to: '/keys', label: 'API keys' },
  { to: '/people', label: 'People', role: 'admin' },
  { to: '/health', label: 'System health' },
];

/** Navigation around every page but those of the entrance. */
export function Frame() {
  const { pathname } = useLocation();
  const { toggleColorScheme } = useMantineColorScheme();
  const own = useProfile();
  const pages = PAGES.filter(({ role }) => role === undefined || role === own?.role);
  return (
    <AppShell header={{ height: 52 }} navbar={{ width: 200, breakpoint: 'sm' }} padding="md">
      <AppShell.Header px="md">
        <Group h="100%" justify="space-between">
          <Title order={3}>Vectron</Title>
          <Group gap="xs">
            <ActionIcon variant="default" aria-label="light or dark" onClick={() => toggleColorScheme()}>
              <Text size="sm">◐</Text>
            </ActionIcon>
            <Button variant="default" size="xs" component="a" href="/docs">
              API reference
            </Button>
            <Button variant="default" size="xs" component={Link} to="/account">
              {own?.email ?? 'Account'}
            </Button>
            <LogOut />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs">
        {pages.map(({ to, label }) => {
          const here = to === '/' ? pathname === '/' || pathname.startsWith('/collections') : pathname.startsWith(to);
          return <NavLink key={to} component={Link} to={to} label={label} active={here} />;
        })}
      </AppShell.Navbar>
      <AppShell.Main>
        <Outlet />
      </AppShell.Main>
    </AppShell>
  );
}
