import { Badge, Code, Group, Stack, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { Answer } from '@vectron/rest-client';
import { api } from '../api';
import { DataTable } from '../frame/data-table';
import { count, Figures } from '../frame/figure';
import { Empty, Loaded } from '../frame/loaded';
import { Page } from '../frame/page';
import { momentMs } from '../moment';
import { Rebalance } from './rebalance';
import { Shards } from './shards';
import { Workers } from './workers';

type Status = Answer<'get', '/v1/admin/cluster'>;
export type Operation = Answer<'get', '/v1/admin/operations'>['running'][number];

const EVERY_MS = 2_000;

/** Workers by zone, shards with their replicas, and what is moved and split, as it goes. */
export function ClusterPage() {
  const queries = useQueryClient();
  const status = useQuery({
    queryKey: ['cluster', 'status'],
    queryFn: () => api.GET('/v1/admin/cluster'),
    refetchInterval: EVERY_MS,
  });
  const workers = useQuery({
    queryKey: ['cluster', 'workers'],
    queryFn: () => api.GET('/v1/admin/workers'),
    refetchInterval: EVERY_MS,
  });
  const shards = useQuery({
    queryKey: ['cluster', 'shards'],
    queryFn: () => api.GET('/v1/admin/shards'),
    refetchInterval: EVERY_MS,
  });
  const operations = useQuery({
    queryKey: ['cluster', 'operations'],
    queryFn: () => api.GET('/v1/admin/operations', { params: { query: { limit: 50 } } }),
    refetchInterval: EVERY_MS,
  });
  const reload = () => queries.invalidateQueries({ queryKey: ['cluster'] });
  return (
    <Page title="Cluster" about={`Asked every ${EVERY_MS / 1_000} seconds.`} actions={<Rebalance onDone={reload} />}>
      <Loaded query={status}>{(data) => <Totals status={data} />}</Loaded>
      <Title order={2}>Workers</Title>
      <Loaded
        query={workers}
        isEmpty={(data) => data.workers.length === 0}
        empty={
          <Empty title="No worker has joined">
            Start one with <Code>vectron worker</Code>.
          </Empty>
        }
      >
        {(data) => <Workers workers={data.workers} onDone={reload} />}
      </Loaded>
      <Title order={2}>Moves and splits</Title>
      <Loaded
        query={operations}
        isEmpty={({ running, ended }) => running.length + ended.length === 0}
        empty={<Empty title="Nothing was moved or split yet" />}
      >
        {({ running, ended }) => <Operations running={running} ended={ended} />}
      </Loaded>
      <Title order={2}>Shards</Title>
      <Loaded
        query={shards}
        isEmpty={(data) => data.shards.length === 0}
        empty={<Empty title="There is no shard">Shards are created with the first collection.</Empty>}
      >
        {(data) => <Shards shards={data.shards} workers={workers.data?.workers ?? []} onDone={reload} />}
      </Loaded>
    </Page>
  );
}

function Totals({ status }: { status: Status }) {
  const { shards, shardsReady, shardsFullyReplicated } = status;
  const whole = (of: number) => (of < shards ? { color: 'red' } : {});
  return (
    <Stack gap="xs">
      <Figures
        figures={[
          { label: 'Workers', name: 'cluster.workers', value: status.workers },
          { label: 'Shards', name: 'cluster.shards', value: shards },
          { label: 'Shards ready', name: 'cluster.shardsReady', value: shardsReady, ...whole(shardsReady) },
          {
            label: 'Fully replicated',
            name: 'cluster.shardsFullyReplicated',
            value: shardsFullyReplicated,
            ...whole(shardsFullyReplicated),
          },
          { label: 'Points', name: 'cluster.points', value: status.points },
        ]}
      />
      <Group gap="xs">
        {Object.entries(status.workersByState).map(([state, workers]) => (
          <Badge key={state} variant="default">
            {state}: {workers}
          </Badge>
        ))}
        <Text size="sm" c={status.placementLeader === '' ? 'red' : 'dimmed'}>
          {status.placementLeader === ''
            ? 'No placement driver leads at the moment: nothing is moved or repaired.'
            : `The placement driver ${status.placementLeader} leads, of ${status.placementNodes.length}.`}
        </Text>
      </Group>
    </Stack>
  );
}

function Operations({ running, ended }: { running: readonly Operation[]; ended: readonly Operation[] }) {
  return (
    <DataTable
      label="moves and splits"
      rows={[...running, ...ended]}
      keyOf={({ id }) => id}
      columns={[
        {
          head: 'Step',
          cell: ({ step }) => (
            <Badge
              color={step === 'rolled-back' ? 'red' : step === 'done' ? 'teal' : 'blue'}
              variant={step === 'done' ? 'light' : 'filled'}
              autoContrast
            >
              {step}
            </Badge>
          ),
        },
        { head: 'What', cell: (one) => <What operation={one} /> },
        { head: 'Collection', cell: ({ collection }) => collection },
        { head: 'Why', cell: ({ cause, reason }) => <span title={cause}>{reason || cause}</span> },
        { head: 'Detail', cell: ({ detail }) => detail },
        { head: 'Began', cell: ({ startedMs }) => momentMs(startedMs) },
        { head: 'Last step', cell: ({ stepMs }) => momentMs(stepMs) },
      ]}
    />
  );
}

function What({ operation: { kind, shardId, from, to, upperShardId } }: { operation: Operation }) {
  if (kind === 'split') return `split of shard ${shardId} into ${shardId} and ${count(upperShardId)}`;
  return `move of shard ${shardId} from ${from.slice(0, 8)} to ${to.slice(0, 8)}`;
}
