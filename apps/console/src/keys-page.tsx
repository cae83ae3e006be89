import { Alert, Button, Code, CopyButton, Group, Select, Stack, Table, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from './api';
import { Failure } from './failure';

const ROLES = ['read', 'write', 'admin'] as const;
type Role = (typeof ROLES)[number];

export function KeysPage() {
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('write');
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
            data={ROLES}
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
      {create.data && (
        <Alert title="Copy the key now: it is shown this once" color="teal">
          <Group>
            <Code data-testid="new-key">{create.data.fullKey}</Code>
            <CopyButton value={create.data.fullKey}>
              {({ copied, copy }) => (
                <Button size="compact-sm" variant="light" onClick={copy}>
                  {copied ? 'copied' : 'copy'}
                </Button>
              )}
            </CopyButton>
          </Group>
        </Alert>
      )}
      <Table striped>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Key</Table.Th>
            <Table.Th>Name</Table.Th>
            <Table.Th>Role</Table.Th>
            <Table.Th>Made</Table.Th>
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
              <Table.Td>{new Date(Number(key.createdAt) * 1000).toLocaleString('en-GB')}</Table.Td>
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
