import { Button, Checkbox, Group, Select, Stack, Table, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../api';
import { Failure } from '../failure';
import { moment } from '../moment';
import { ShownOnce } from '../shown-once';
import { ROLES, type Role } from './roles';

/** Invites people, and lists those who did not come yet. `tenantId`: of who invites. */
export function Invitations({ tenantId }: { tenantId: string }) {
  const queries = useQueryClient();
  const list = useQuery({ queryKey: ['invitations'], queryFn: () => api.GET('/v1/invitations') });
  const reload = () => queries.invalidateQueries({ queryKey: ['invitations'] });
  const withdraw = useMutation({
    mutationFn: (id: string) => api.DELETE('/v1/invitations/{id}', { params: { path: { id } } }),
    onSuccess: reload,
  });
  const open = list.data?.invitations ?? [];
  return (
    <Stack>
      <InviteForm onDone={reload} />
      <Failure error={list.error ?? withdraw.error} />
      {open.length > 0 && (
        <>
          <Title order={3}>Open invitations</Title>
          <Table striped aria-label="invitations">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>E-mail</Table.Th>
                <Table.Th>Role</Table.Th>
                <Table.Th>Tenant</Table.Th>
                <Table.Th>Good until</Table.Th>
                <Table.Th />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {open.map((one) => (
                <Table.Tr key={one.id}>
                  <Table.Td>{one.email}</Table.Td>
                  <Table.Td>{one.role}</Table.Td>
                  <Table.Td title={one.tenantId}>{tenantName(one.tenantId, tenantId)}</Table.Td>
                  <Table.Td>{moment(one.expiresAt)}</Table.Td>
                  <Table.Td>
                    <Button size="compact-xs" color="red" variant="subtle" onClick={() => withdraw.mutate(one.id)}>
                      withdraw
                    </Button>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </>
      )}
    </Stack>
  );
}

function tenantName(tenantId: string, own: string): string {
  if (tenantId === '') return 'its own';
  return tenantId === own ? 'yours' : tenantId.slice(0, 8);
}

function InviteForm({ onDone }: { onDone: () => Promise<void> }) {
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('write');
  const [newTenant, setNewTenant] = useState(false);
  const invite = useMutation({
    mutationFn: () => api.POST('/v1/invitations', { body: { email, role, newTenant } }),
    onSuccess: () => {
      setEmail('');
      return onDone();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    invite.mutate();
  };
  return (
    <Stack>
      <Title order={3}>Invite</Title>
      <form onSubmit={submit} aria-label="invite">
        <Group align="end">
          <TextInput
            label="E-mail"
            name="invite-email"
            type="email"
            required
            value={email}
            onChange={(e) => setEmail(e.target.value)}
          />
          <Select
            label="Role"
            data={ROLES}
            value={role}
            onChange={(value) => setRole((value ?? 'write') as Role)}
            allowDeselect={false}
            w={120}
          />
          <Checkbox
            label="in a tenant of its own"
            mb="xs"
            checked={newTenant}
            onChange={(e) => setNewTenant(e.currentTarget.checked)}
          />
          <Button type="submit" loading={invite.isPending}>
            Invite
          </Button>
        </Group>
      </form>
      <Failure error={invite.error} />
      {invite.data && (
        <ShownOnce
          what={`the invitation of ${invite.data.invitation?.email}`}
          secret={invite.data.token}
          id="invitation-token"
        />
      )}
    </Stack>
  );
}
