import { Button, Checkbox, Group, Select, Stack, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../api';
import { Failure } from '../failure';
import { Confirm } from '../frame/confirm';
import { DataTable } from '../frame/data-table';
import { Loaded } from '../frame/loaded';
import { moment } from '../moment';
import { ShownOnce } from '../shown-once';
import { ROLES, type Role } from './roles';

/** Invites people, and lists those who did not come yet. `tenantId`: of who invites. */
export function Invitations({ tenantId }: { tenantId: string }) {
  const queries = useQueryClient();
  const list = useQuery({ queryKey: ['invitations'], queryFn: () => api.GET('/v1/invitations') });
  const reload = () => queries.invalidateQueries({ queryKey: ['invitations'] });
  return (
    <Stack>
      <InviteForm onDone={reload} />
      <Loaded query={list} isEmpty={({ invitations }) => invitations.length === 0}>
        {({ invitations }) => (
          <>
            <Title order={2}>Open invitations</Title>
            <DataTable
              label="invitations"
              rows={invitations}
              keyOf={({ id }) => id}
              columns={[
                { head: 'E-mail', cell: ({ email }) => email },
                { head: 'Role', cell: ({ role }) => role },
                {
                  head: 'Tenant',
                  cell: (one) => <span title={one.tenantId}>{tenantName(one.tenantId, tenantId)}</span>,
                },
                { head: 'Good until', cell: ({ expiresAt }) => moment(expiresAt) },
                {
                  head: 'Actions',
                  cell: ({ id, email }) => (
                    <Confirm
                      label="withdraw"
                      ariaLabel={`withdraw the invitation of ${email}`}
                      title={`Withdraw the invitation of ${email}?`}
                      action="Withdraw the invitation"
                      onConfirm={() => api.DELETE('/v1/invitations/{id}', { params: { path: { id } } })}
                      onDone={reload}
                    >
                      Its token is refused from then on.
                    </Confirm>
                  ),
                },
              ]}
            />
          </>
        )}
      </Loaded>
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
      <Title order={2}>Invite</Title>
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
