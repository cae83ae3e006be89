import { Badge, Card, Group, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import type { CollectionStatus } from '../../api';
import { Loading } from '../../frame/loaded';
import { useCollection } from '../names';
import { CopyCollection } from '../transfer/copy-collection';
import { DownloadSnapshot } from '../transfer/download-snapshot';
import { Wide } from '../wide';
import { Settings } from './settings';
import { mebibytes, useStatus } from './status';

const count = (value: string | number) => Number(value).toLocaleString('en');

/** What a collection holds, its shards and replicas as they are, its settings, and copies of it. */
export function StatusPage() {
  const name = useCollection();
  const status = useStatus(name);
  if (status.isLoading) return <Loading />;
  // The frame of the collection says what went wrong.
  if (!status.data) return null;
  return (
    <Stack>
      <Facts status={status.data} />
      <Shards shards={status.data.shards} />
      <Settings key={name} name={name} status={status.data} />
      <Stack gap="xs">
        <Title order={2}>Copies</Title>
        <Group align="start">
          <DownloadSnapshot collection={name} />
          <CopyCollection collection={name} />
        </Group>
      </Stack>
    </Stack>
  );
}

function Facts({ status }: { status: CollectionStatus }) {
  const facts = [
    ['Points', count(status.points)],
    ['Not indexed yet', count(status.indexLag)],
    ['Durability', status.durability],
    ['Memory', mebibytes(status.memoryBytes)],
    ['Disk', mebibytes(status.diskBytes)],
  ];
  return (
    <SimpleGrid cols={{ base: 2, xs: 3, md: 5 }}>
      {facts.map(([label, value]) => (
        <Card key={label} withBorder p="sm" data-fact={label}>
          <Text size="xs" c="dimmed">
            {label}
          </Text>
          <Text fw={600}>{value}</Text>
        </Card>
      ))}
    </SimpleGrid>
  );
}

function Shards({ shards }: Pick<CollectionStatus, 'shards'>) {
  return (
    <Stack gap="xs">
      <Title order={2}>Shards</Title>
      <Wide label="shards" minWidth={720}>
        <Table aria-label="shards">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Shard</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th ta="right">Points</Table.Th>
              <Table.Th ta="right">Not indexed yet</Table.Th>
              <Table.Th ta="right">Applied index</Table.Th>
              <Table.Th ta="right">Term</Table.Th>
              <Table.Th>Replicas</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shards.map((shard) => (
              <Table.Tr key={shard.shardId}>
                <Table.Td>{shard.shardId}</Table.Td>
                <Table.Td>
                  <Badge variant="light" color={shard.ready && !shard.errorCode ? 'teal' : 'red'}>
                    {shard.errorCode || (shard.ready ? 'ready' : 'not ready')}
                  </Badge>
                </Table.Td>
                <Table.Td ta="right">{shard.errorCode ? '–' : count(shard.points)}</Table.Td>
                <Table.Td ta="right">{shard.errorCode ? '–' : count(shard.indexLag)}</Table.Td>
                <Table.Td ta="right">{shard.appliedIndex}</Table.Td>
                <Table.Td ta="right">{shard.term}</Table.Td>
                <Table.Td>
                  <Replicas shard={shard} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Wide>
    </Stack>
  );
}

function Replicas({ shard }: { shard: CollectionStatus['shards'][number] }) {
  return (
    <Group gap={4}>
      {shard.replicaStatus.map(({ worker, role, appliedIndex, damage }) => (
        <Badge
          key={worker}
          tt="none"
          variant={role === 'leader' ? 'filled' : 'light'}
          color={damage || role === '' || role === 'stopped' ? 'red' : 'indigo'}
          title={`applied index ${appliedIndex}${damage ? `, ${damage}` : ''}`}
        >
          worker {worker}: {damage ? 'damaged' : role || 'not reported'}
        </Badge>
      ))}
    </Group>
  );
}
