import { Badge, Button, Card, Group, Modal, Stack, Table, Tabs, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { api, type CollectionStatus } from './api';
import { Failure } from './failure';
import { PointsTable } from './points-table';
import { SearchPanel } from './search-panel';

export function CollectionPage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const [tab, setTab] = useState<string | null>('points');
  const [like, setLike] = useState('');
  const status = useQuery({
    queryKey: ['status', name],
    queryFn: () => api.GET('/v1/collections/{name}/status', { params: { path: { name } } }),
    refetchInterval: 5_000,
  });
  const searchLike = (id: string) => {
    setLike(id);
    setTab('search');
  };
  return (
    <Stack>
      <Group justify="space-between">
        <Group>
          <Title order={2}>{name}</Title>
          {status.data && (
            <Badge variant="light">
              {status.data.dimension} × {status.data.distance}
            </Badge>
          )}
        </Group>
        <DeleteButton name={name} />
      </Group>
      <Failure error={status.error} />
      <Tabs value={tab} onChange={setTab} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="points">Points</Tabs.Tab>
          <Tabs.Tab value="search">Search</Tabs.Tab>
          <Tabs.Tab value="status">Status</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="points" pt="md">
          <PointsTable collection={name} onSearchLike={searchLike} />
        </Tabs.Panel>
        <Tabs.Panel value="search" pt="md">
          <SearchPanel
            key={like}
            collection={name}
            like={like}
            rerank={status.data?.rerank?.enabled === true}
            onSearchLike={searchLike}
          />
        </Tabs.Panel>
        <Tabs.Panel value="status" pt="md">
          {status.data && <StatusPanel status={status.data} />}
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

const mebibytes = (bytes: string) => `${(Number(bytes) / 2 ** 20).toFixed(1)} MiB`;

function StatusPanel({ status }: { status: CollectionStatus }) {
  const facts = [
    ['Points', Number(status.points).toLocaleString('en')],
    ['Index lag', `${status.indexLag} points`],
    ['Durability', status.durability],
    ['Memory', mebibytes(status.memoryBytes)],
    ['Disk', mebibytes(status.diskBytes)],
  ];
  return (
    <Stack>
      <Group>
        {facts.map(([label, value]) => (
          <Card key={label} withBorder>
            <Text size="xs" c="dimmed">
              {label}
            </Text>
            <Text fw={600}>{value}</Text>
          </Card>
        ))}
      </Group>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Shard</Table.Th>
            <Table.Th>State</Table.Th>
            <Table.Th ta="right">Points</Table.Th>
            <Table.Th ta="right">Index lag</Table.Th>
            <Table.Th ta="right">Applied index</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {status.shards.map((shard) => (
            <Table.Tr key={shard.shardId}>
              <Table.Td>{shard.shardId}</Table.Td>
              <Table.Td>
                <Badge color={shard.ready ? 'teal' : 'red'}>{shard.ready ? 'ready' : 'not ready'}</Badge>
              </Table.Td>
              <Table.Td ta="right">{shard.points}</Table.Td>
              <Table.Td ta="right">{shard.indexLag}</Table.Td>
              <Table.Td ta="right">{shard.appliedIndex}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Stack>
  );
}

function DeleteButton({ name }: { name: string }) {
  const [opened, dialog] = useDisclosure();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.DELETE('/v1/collections/{name}', { params: { path: { name } } }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['collections'] });
      await navigate({ to: '/' });
    },
  });
  return (
    <>
      <Button color="red" variant="light" onClick={dialog.open}>
        Delete
      </Button>
      <Modal opened={opened} onClose={dialog.close} title={`Delete ${name}?`}>
        <Stack>
          <Text size="sm">The collection and all its points go for good.</Text>
          <Failure error={remove.error} />
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
            Delete {name}
          </Button>
        </Stack>
      </Modal>
    </>
  );
}
