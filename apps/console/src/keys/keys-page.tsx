import { Button, Code, Group, Select, Stack, Table, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useProfile } from '../account/profile';
import { api } from '../api';
import { Failure } from '../failure';
import { moment } from '../moment';
import { ROLES, type Role } from '../people/roles';
import { ShownOnce } from '../shown-once';

/** Of whoever is no administrator. */
const OTHERS: readonly Role[] = ['read', 'write'];

export function KeysPage() {
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('write');
  const own = useProfile();
  const queries = useQueryClient();
  const list = useQuery({ queryKey: ['keys'], queryFn: () => api.GET('/v1/keys') });
  const reload = () => queries.invalidateQueries({ queryKey: ['keys'] });
  const create = useMutation({
    mutationFn: () => api.POST('/v1/keys', { body: { name, role } }),
    onSuccess: () => {
      setName('');
      return reload();
    },
  });
  const revoke = useMutation({
    mutationFn: (prefix: string) => api.DELETE('/v1/keys/{key_prefix}', { params: { path: { key_prefix: prefix } } }),
    onSuccess: reload,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Stack>
      <Title order={2}>API keys</Title>
      <form onSubmit={submit}>
        <Group align="end">
          <TextInput label="Name" name="name" required value={name} onChange={(e) => setName(e.target.value)} />
          <Select
            label="Role"
            data={own?.role === 'admin' ? ROLES : OTHERS}
            value={role}
            onChange={(value) => setRole((value ?? 'write') as Role)}
            allowDeselect={false}
            w={120}
          />
          <Button type="submit" loading={create.isPending}>
            Make a key
          </Button>
        </Group>
      </form>
      <Failure error={list.error ?? create.error ?? revoke.error} />
      {create.data && <ShownOnce what="the key" secret={create.data.fullKey} id="new-key" />}
      <Table striped>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Key</Table.Th>
            <Table.Th>Name</Table.Th>
            <Table.Th>Role</Table.Th>
            <Table.Th>Made</Table.Th>
            <Table.Th>Expires</Table.Th>
            <Table.Th />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {list.data?.keys.map((key) => (
            <Table.Tr key={key.keyPrefix}>
              <Table.Td>
                <Code>{key.keyPrefix}</Code>
              </Table.Td>
              <Table.Td>{key.name}</Table.Td>
              <Table.Td>{key.role}</Table.Td>
              <Table.Td>{moment(key.createdAt)}</Table.Td>
              <Table.Td>{moment(key.expiresAt)}</Table.Td>
              <Table.Td>
                <Button size="compact-xs" color="red" variant="subtle" onClick={() => revoke.mutate(key.keyPrefix)}>
                  revoke
                </Button>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Stack>
  );
}
