import { Badge, Button, Group, Stack, Text, Title } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useProfile } from '../account/profile';
import { api, type User } from '../api';
import { DataTable } from '../frame/data-table';
import { Loaded } from '../frame/loaded';
import { Page } from '../frame/page';
import { moment } from '../moment';
import { Invitations } from './invitations';
import { RoleOf, UserActions } from './user-actions';

/** Accounts of all tenants, for administrators. */
export function PeoplePage() {
  const own = useProfile();
  const list = useInfiniteQuery({
    queryKey: ['users'],
    queryFn: ({ pageParam }) => api.GET('/v1/admin/users', { params: { query: { pageToken: pageParam } } }),
    initialPageParam: '',
    // All pages are fetched again: one is what a team has.
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) > 1 ? false : 10_000),
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
  });
  return (
    <Page
      title="People"
      about="Accounts of all tenants. A role is what an account may do; its API keys never give more."
    >
      <Invitations tenantId={own?.tenantId ?? ''} />
      <Title order={2}>Accounts</Title>
      <Loaded query={list}>
        {({ pages }) => (
          <Stack>
            <Accounts users={pages.flatMap(({ users }) => users)} own={own} />
            {list.hasNextPage && (
              <Group>
                <Button variant="light" loading={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
                  More
                </Button>
              </Group>
            )}
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}

function Accounts({ users, own }: { users: readonly User[]; own: User | undefined }) {
  const isOwn = ({ id }: User) => id === own?.id;
  return (
    <DataTable
      label="accounts"
      rows={users}
      keyOf={({ id }) => id}
      columns={[
        { head: 'E-mail', cell: ({ email }) => email },
        {
          head: 'Tenant',
          cell: ({ tenantId }) =>
            tenantId === own?.tenantId ? 'yours' : <span title={tenantId}>{tenantId.slice(0, 8)}</span>,
        },
        { head: 'State', cell: (user) => <State user={user} /> },
        { head: 'Last login', cell: ({ lastLoginAt }) => moment(lastLoginAt) },
        { head: 'Role', cell: (user) => (isOwn(user) ? user.role : <RoleOf user={user} />) },
        {
          head: 'Actions',
          cell: (user) =>
            isOwn(user) ? (
              <Text size="sm" c="dimmed">
                this is you
              </Text>
            ) : (
              <UserActions user={user} />
            ),
        },
      ]}
    />
  );
}

function State({ user }: { user: User }) {
  if (user.disabled) return <Badge color="red">disabled</Badge>;
  const [color, text] = user.mustChangePassword ? ['orange', 'must change password'] : ['teal', 'active'];
  return (
    <Badge color={color} variant="light">
      {text}
    </Badge>
  );
}
