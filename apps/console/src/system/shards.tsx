import { Badge, Button, Group, Modal, Pagination, Select, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import type { Answer } from '@vectron/rest-client';
import { type FormEvent, useState } from 'react';
import { api } from '../api';
import { Failure } from '../failure';
import { Confirm } from '../frame/confirm';
import { DataTable } from '../frame/data-table';
import { bytes, count } from '../frame/figure';
import type { Worker } from './workers';

type Shard = Answer<'get', '/v1/admin/shards'>['shards'][number];
interface Props {
  readonly shards: readonly Shard[];
  readonly workers: readonly Worker[];
  readonly onDone: () => Promise<void>;
}

/** A cluster may have thousands of shards: so many are drawn at a time. */
const PAGE = 50;

export function Shards({ shards, workers, onDone }: Props) {
  const [page, setPage] = useState(1);
  const pages = Math.ceil(shards.length / PAGE);
  const first = (Math.min(page, pages) - 1) * PAGE;
  return (
    <Stack gap="xs">
      <DataTable
        label="shards"
        rows={shards.slice(first, first + PAGE)}
        keyOf={({ shardId }) => String(shardId)}
        columns={[
          { head: 'Shard', numeric: true, cell: ({ shardId }) => shardId },
          { head: 'Collection', cell: ({ collection, tenantId }) => <span title={tenantId}>{collection}</span> },
          { head: 'State', cell: (shard) => <State shard={shard} /> },
          { head: 'Leader', numeric: true, cell: ({ leader }) => (leader === 0 ? 'none' : leader) },
          { head: 'Replicas', cell: (shard) => <Replicas shard={shard} /> },
          { head: 'Points', numeric: true, cell: ({ points }) => count(points) },
          { head: 'Memory', numeric: true, cell: ({ memoryBytes }) => bytes(memoryBytes) },
          { head: 'Searches per second', numeric: true, cell: ({ queriesPerSecond }) => count(queriesPerSecond) },
          {
            head: 'Actions',
            cell: (shard) => (
              <Group gap={4} wrap="nowrap">
                <Move shard={shard} workers={workers} onDone={onDone} />
                <Confirm
                  label="split"
                  ariaLabel={`split shard ${shard.shardId}`}
                  color="indigo"
                  title={`Split shard ${shard.shardId}?`}
                  action="Split the shard"
                  disabled={shard.operation !== undefined}
                  onConfirm={() =>
                    api.POST('/v1/admin/shards/{shard_id}/split', {
                      params: { path: { shard_id: shard.shardId } },
                      body: {},
                    })
                  }
                  onDone={onDone}
                >
                  Half of its points go to a new shard. A split cannot be undone.
                </Confirm>
              </Group>
            ),
          },
        ]}
      />
      {pages > 1 && (
        <Group>
          <Pagination total={pages} value={Math.min(page, pages)} onChange={setPage} size="sm" />
          <Text size="sm" c="dimmed">
            {count(shards.length)} shards
          </Text>
        </Group>
      )}
    </Stack>
  );
}

function State({ shard: { ready, operation, healthyReplicas, voters } }: { shard: Shard }) {
  if (!ready) return <Badge color="red">not ready</Badge>;
  if (operation !== undefined) return <Badge color="blue">{`${operation.kind}: ${operation.step}`}</Badge>;
  if (healthyReplicas < voters) return <Badge color="orange">{`${healthyReplicas} of ${voters} healthy`}</Badge>;
  return (
    <Badge color="teal" variant="light">
      ready
    </Badge>
  );
}

function Replicas({ shard: { replicas } }: { shard: Shard }) {
  return (
    <Group gap={4} wrap="nowrap">
      {replicas.map(({ worker, role, damage, appliedIndex, learner }) => (
        <Badge
          key={worker}
          color={damage ? 'red' : role === 'leader' ? 'indigo' : 'gray'}
          variant="light"
          title={damage || `${role}${learner ? ' without a vote' : ''}, applied index ${appliedIndex}`}
        >
          {worker}: {damage ? 'damaged' : role}
        </Badge>
      ))}
    </Group>
  );
}

function Move({ shard, workers, onDone }: { shard: Shard; workers: readonly Worker[]; onDone: () => Promise<void> }) {
  const [opened, dialog] = useDisclosure();
  const held = new Set(shard.replicas.map(({ worker }) => worker));
  const choices = (wanted: boolean) =>
    workers
      .filter(({ number }) => held.has(number) === wanted)
      .map(({ number, zone }) => ({ value: String(number), label: zone ? `${number} in ${zone}` : String(number) }));
  const [from, setFrom] = useState<string | null>(null);
  const [to, setTo] = useState<string | null>(null);
  const move = useMutation({
    mutationFn: () =>
      api.POST('/v1/admin/shards/{shard_id}/move', {
        params: { path: { shard_id: shard.shardId } },
        body: { from: from ?? '', to: to ?? '' },
      }),
    onSuccess: () => {
      dialog.close();
      return onDone();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    move.mutate();
  };
  const targets = choices(false);
  return (
    <>
      <Button
        size="compact-xs"
        variant="subtle"
        aria-label={`move a replica of shard ${shard.shardId}`}
        disabled={shard.operation !== undefined || targets.length === 0}
        title={targets.length === 0 ? 'Every worker holds a replica already' : undefined}
        onClick={dialog.open}
      >
        move
      </Button>
      <Modal opened={opened} onClose={dialog.close} title={`Move a replica of shard ${shard.shardId}`}>
        <form onSubmit={submit}>
          <Stack>
            <Select label="From worker" data={choices(true)} value={from} onChange={setFrom} required />
            <Select label="To worker" data={targets} value={to} onChange={setTo} required />
            <Failure error={move.error} />
            <Button type="submit" loading={move.isPending} disabled={from === null || to === null}>
              Move the replica
            </Button>
          </Stack>
        </form>
      </Modal>
    </>
  );
}
