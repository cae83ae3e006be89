import { Anchor, Button, Group, Select, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api } from '../api';
import { Failure } from '../failure';
import { Retry } from './retry';

/** Other names of collections: each can be pointed to another collection at one moment. */
export function Aliases({ collections }: { collections: readonly string[] }) {
  const queries = useQueryClient();
  const list = useQuery({ queryKey: ['aliases'], queryFn: () => api.GET('/v1/aliases'), refetchInterval: 10_000 });
  const change = useMutation({
    mutationFn: (body: { set?: { alias: string; collection: string }[]; delete?: string[] }) =>
      api.POST('/v1/aliases', { body }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['aliases'] }),
  });
  const aliases = list.data?.aliases ?? [];
  if (collections.length === 0) return null;
  return (
    <Stack gap="xs">
      <Title order={2}>Aliases</Title>
      <Retry error={list.error} onRetry={() => list.refetch()} />
      {list.isSuccess && aliases.length === 0 && (
        <Text size="sm" c="dimmed">
          No alias yet: another name of a collection, which can be pointed elsewhere at one moment for everybody.
        </Text>
      )}
      {aliases.length > 0 && (
        <Table striped aria-label="aliases">
          <Table.Tbody>
            {aliases.map(({ alias, collection }) => (
              <Table.Tr key={alias}>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>{alias}</Table.Td>
                <Table.Td>
                  <Anchor
                    size="sm"
                    renderRoot={(props) => (
                      <Link {...props} {...({ to: '/collections/$name', params: { name: collection } } as object)} />
                    )}
                  >
                    {collection}
                  </Anchor>
                </Table.Td>
                <Table.Td ta="right">
                  <RemoveAlias alias={alias} onRemove={() => change.mutate({ delete: [alias as string] })} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      <AliasForm collections={collections} pending={change.isPending} onSet={(one) => change.mutate({ set: [one] })} />
      <Failure error={change.error} />
    </Stack>
  );
}

/** Asks once more: programs may use the name. */
function RemoveAlias({ alias, onRemove }: { alias: string | undefined; onRemove: () => void }) {
  const [asked, setAsked] = useState(false);
  return (
    <Button
      size="compact-xs"
      color="red"
      variant={asked ? 'filled' : 'subtle'}
      onClick={() => (asked ? onRemove() : setAsked(true))}
      onBlur={() => setAsked(false)}
    >
      {asked ? `remove ${alias}` : 'remove'}
    </Button>
  );
}

interface FormProps {
  readonly collections: readonly string[];
  readonly pending: boolean;
  readonly onSet: (alias: { alias: string; collection: string }) => void;
}

function AliasForm({ collections, pending, onSet }: FormProps) {
  const [alias, setAlias] = useState('');
  const [collection, setCollection] = useState<string | null>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSet({ alias, collection: collection ?? '' });
    setAlias('');
  };
  return (
    <form onSubmit={submit} aria-label="set an alias">
      <Group align="end" gap="xs">
        <TextInput
          label="Alias"
          name="alias"
          size="xs"
          required
          value={alias}
          onChange={(e) => setAlias(e.target.value)}
        />
        <Select
          label="Stands for"
          size="xs"
          searchable
          data={[...collections]}
          value={collection}
          onChange={setCollection}
        />
        <Button
          type="submit"
          size="xs"
          variant="default"
          loading={pending}
          disabled={alias === '' || collection === null}
        >
          Set alias
        </Button>
      </Group>
    </form>
  );
}
