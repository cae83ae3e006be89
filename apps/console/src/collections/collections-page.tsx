import { Alert, Badge, Button, Group, Modal, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQueries, useQuery } from '@tanstack/react-query';
import type { Answer } from '@vectron/rest-client';
import { useState } from 'react';
import { api, type CollectionStatus } from '../api';
import { Loading } from '../frame/loaded';
import { Aliases } from './aliases';
import { CollectionLink } from './collection-link';
import { CreateForm } from './create-form';
import { Retry } from './retry';
import { statusOf } from './status/status';
import { RestoreSnapshot } from './transfer/restore-snapshot';
import { Wide } from './wide';

type Collection = NonNullable<Answer<'get', '/v1/collections'>['details']>[number];

/** The collections that the caller may see, and their other names. */
export function CollectionsPage() {
  const [creating, createDialog] = useDisclosure();
  const [restoring, restoreDialog] = useDisclosure();
  const [wanted, setWanted] = useState('');
  const list = useQuery({
    queryKey: ['collections'],
    queryFn: () => api.GET('/v1/collections'),
    refetchInterval: 5_000,
  });
  const all = list.data?.details ?? [];
  const rows = all.filter(({ name }) => name.toLowerCase().includes(wanted.trim().toLowerCase()));
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1}>Collections</Title>
        <Group gap="xs">
          <Button variant="default" onClick={restoreDialog.open}>
            Restore a snapshot
          </Button>
          <Button onClick={createDialog.open}>New collection</Button>
        </Group>
      </Group>
      <Retry error={list.error} onRetry={() => list.refetch()} />
      {list.isLoading && <Loading />}
      {list.isSuccess && all.length === 0 && (
        <Alert title="No collection yet" color="gray">
          Make one here, with the CLI, or through the API. A file of points can be imported on the page of a collection.
        </Alert>
      )}
      {all.length > 8 && (
        <TextInput
          aria-label="filter by name"
          placeholder="filter by name"
          maw={280}
          value={wanted}
          onChange={(e) => setWanted(e.target.value)}
        />
      )}
      {all.length > 0 && <CollectionsTable rows={rows} />}
      {list.isSuccess && <Aliases collections={all.map(({ name }) => name)} />}
      <Modal opened={creating} onClose={createDialog.close} title="New collection">
        <CreateForm onDone={createDialog.close} />
      </Modal>
      <Modal opened={restoring} onClose={restoreDialog.close} title="Restore a snapshot">
        <RestoreSnapshot />
      </Modal>
    </Stack>
  );
}

function CollectionsTable({ rows }: { rows: readonly Collection[] }) {
  const states = useQueries({ queries: rows.map(({ name }) => statusOf(name)) });
  const failed = states.find(({ error }) => error);
  return (
    <>
      <Retry error={failed?.error} onRetry={() => failed?.refetch()} />
      <Wide label="collections" minWidth={640}>
        <Table striped highlightOnHover aria-label="collections">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Name</Table.Th>
              <Table.Th ta="right">Points</Table.Th>
              <Table.Th ta="right">Dimension</Table.Th>
              <Table.Th>Distance</Table.Th>
              <Table.Th ta="right">Shards</Table.Th>
              <Table.Th>Status</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((one, at) => (
              <Table.Tr key={one.name}>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>
                  <CollectionLink name={one.name} />
                </Table.Td>
                <Table.Td ta="right">{Number(one.points).toLocaleString('en')}</Table.Td>
                <Table.Td ta="right">{one.dimension}</Table.Td>
                <Table.Td>{one.distance}</Table.Td>
                <Table.Td ta="right">{one.shards}</Table.Td>
                <Table.Td>
                  <State status={states[at]?.data} isUnknown={states[at]?.isError === true} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Wide>
    </>
  );
}

/** Whether every shard is ready, and how many points the index does not hold yet. */
function State({ status, isUnknown }: { status: CollectionStatus | undefined; isUnknown: boolean }) {
  if (isUnknown)
    return (
      <Badge color="red" variant="light" tt="none">
        not known
      </Badge>
    );
  if (!status) return <Text size="sm">…</Text>;
  const { shards, indexLag } = status;
  const ready = shards.filter((shard) => shard.ready && !shard.errorCode).length;
  if (ready < shards.length)
    return (
      <Badge color="red" variant="light" tt="none">
        {ready} of {shards.length} shards ready
      </Badge>
    );
  return (
    <Badge variant="light" color={indexLag === '0' ? 'teal' : 'yellow'} tt="none">
      {indexLag === '0' ? 'ready' : `${Number(indexLag).toLocaleString('en')} points not indexed yet`}
    </Badge>
  );
}
