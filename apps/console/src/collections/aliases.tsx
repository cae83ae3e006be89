import { Button, Group, Select, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../api';
import { Failure } from '../failure';
import { Confirm } from '../frame/confirm';
import { CollectionLink } from './collection-link';
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
          There is no alias yet. An alias is another name of a collection that can be switched atomically to another
          collection.
        </Text>
      )}
      {aliases.length > 0 && (
        <Table striped aria-label="aliases">
          <Table.Tbody>
            {aliases.map(({ alias, collection }) => (
              <Table.Tr key={alias}>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>{alias}</Table.Td>
                <Table.Td>
                  <CollectionLink name={collection ?? ''} />
                </Table.Td>
                <Table.Td ta="right">
                  <Confirm
                    label="remove"
                    ariaLabel={`remove ${alias}`}
                    title={`Remove the alias ${alias}?`}
                    action="Remove the alias"
                    onConfirm={() => change.mutateAsync({ delete: [alias ?? ''] })}
                  >
                    Programs that use this name no longer find a collection. The collection {collection} is kept.
                  </Confirm>
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
