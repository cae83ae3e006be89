import { Badge, Button, Group, Stack, Table, Text, Title } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useProfile } from '../account/profile';
import { api, type User } from '../api';
import { Failure } from '../failure';
import { moment } from '../moment';
import { Invitations } from './invitations';
import { UserActions } from './user-actions';

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
  const users = list.data?.pages.flatMap((page) => page.users) ?? [];
  return (
    <Stack>
      <Title order={2}>People</Title>
      <Invitations tenantId={own?.tenantId ?? ''} />
      <Title order={3}>Accounts</Title>
      <Failure error={list.error} />
      <Table striped aria-label="accounts">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>E-mail</Table.Th>
            <Table.Th>Tenant</Table.Th>
            <Table.Th>State</Table.Th>
            <Table.Th>Last login</Table.Th>
            <Table.Th>Role</Table.Th>
            <Table.Th />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {users.map((user) => (
            <UserRow key={user.id} user={user} own={own} />
          ))}
        </Table.Tbody>
      </Table>
      {list.hasNextPage && (
        <Group>
          <Button variant="light" loading={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
            More
          </Button>
        </Group>
      )}
    </Stack>
  );
}

function UserRow({ user, own }: { user: User; own: User | undefined }) {
  return (
    <Table.Tr>
      <Table.Td>{user.email}</Table.Td>
      <Table.Td>
        {user.tenantId === own?.tenantId ? 'yours' : <span title={user.tenantId}>{user.tenantId.slice(0, 8)}</span>}
      </Table.Td>
      <Table.Td>
        <State user={user} />
      </Table.Td>
      <Table.Td>{moment(user.lastLoginAt)}</Table.Td>
      {user.id === own?.id ? (
        <>
          <Table.Td>{user.role}</Table.Td>
          <Table.Td>
            <Text size="sm" c="dimmed">
              this is you
            </Text>
          </Table.Td>
        </>
      ) : (
        <UserActions user={user} />
      )}
    </Table.Tr>
  );
}

function State({ user }: { user: User }) {
  if (user.disabled) return <Badge color="red">disabled</Badge>;
  if (user.mustChangePassword) return <Badge color="yellow">must change password</Badge>;
  return <Badge color="teal">active</Badge>;
}
