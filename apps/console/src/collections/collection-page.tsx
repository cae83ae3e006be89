import { Badge, Group, Stack, Tabs, Title } from '@mantine/core';
import { Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { DeleteCollection } from './delete-collection';
import { useCollection } from './names';
import { Retry } from './retry';
import { useStatus } from './status/status';

/** Its page is that of the collection itself. */
const POINTS = 'points';
const PAGES = [
  { value: POINTS, label: 'Points' },
  { value: 'search', label: 'Search' },
  { value: 'map', label: 'Map' },
  { value: 'import', label: 'Import' },
  { value: 'indexes', label: 'Indexes' },
  { value: 'changes', label: 'Changes' },
  { value: 'status', label: 'Status' },
];

/** The name of a collection, what it is, and its pages. */
export function CollectionPage() {
  const name = useCollection();
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const status = useStatus(name);
  const [page = ''] = pathname.split('/').slice(3);
  const current = page === '' || page === 'point' ? POINTS : page;
  return (
    <Stack>
      <Group justify="space-between">
        <Group gap="xs">
          <Title order={1} style={{ overflowWrap: 'anywhere' }}>
            {name}
          </Title>
          {status.data && (
            <>
              <Badge variant="light" tt="none">
                {status.data.dimension} × {status.data.distance}
              </Badge>
              <Badge variant="light" tt="none" color="gray" data-testid="points">
                {Number(status.data.points).toLocaleString('en')} points
              </Badge>
            </>
          )}
        </Group>
        <DeleteCollection name={name} />
      </Group>
      <Retry error={status.error} onRetry={() => status.refetch()} />
      <Tabs
        value={current}
        onChange={(value) =>
          navigate({ to: `/collections/$name/${value === POINTS ? '' : value}`, params: { name }, search: {} } as never)
        }
      >
        <Tabs.List style={{ flexWrap: 'nowrap', overflowX: 'auto', overflowY: 'hidden' }}>
          {PAGES.map(({ value, label }) => (
            <Tabs.Tab key={value} value={value}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={current} pt="md">
          <Outlet />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}
