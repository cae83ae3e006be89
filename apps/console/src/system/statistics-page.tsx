import { Badge, Code, Group, Progress, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { Answer } from '@vectron/rest-client';
import { api, textApi } from '../api';
import { DataTable } from '../frame/data-table';
import { bytes, count, duration, Figures, percent } from '../frame/figure';
import { Empty, Loaded } from '../frame/loaded';
import { Page } from '../frame/page';
import { intervalOf, type Sample, sampleOf, withSample } from './metrics-history';
import { parseMetrics, type Reading } from './metrics-text';
import { TimeSeries } from './time-series';

type Stats = Answer<'get', '/v1/admin/stats'>;
type Workers = Answer<'get', '/v1/admin/workers'>['workers'];
interface Measured {
  readonly readings: readonly Reading[];
  readonly samples: readonly Sample[];
}

const EVERY_MS = 5_000;
const KEEP_MS = 30 * 60_000;
const METRICS = ['metrics'];

/** Totals of all tenants, and what this gateway does over time. */
export function StatisticsPage() {
  const queries = useQueryClient();
  const stats = useQuery({
    queryKey: ['stats'],
    queryFn: () => api.GET('/v1/admin/stats'),
    refetchInterval: EVERY_MS,
  });
  const workers = useQuery({
    queryKey: ['workers'],
    queryFn: () => api.GET('/v1/admin/workers'),
    refetchInterval: EVERY_MS,
  });
  // The samples stay in the cache when somebody looks at another page meanwhile.
  const metrics = useQuery({
    queryKey: METRICS,
    queryFn: async (): Promise<Measured> => {
      const readings = parseMetrics((await textApi.request('get', '/metrics', {})) as string);
      const before = queries.getQueryData<Measured>(METRICS)?.samples ?? [];
      return { readings, samples: withSample(before, sampleOf(readings, Date.now()), KEEP_MS) };
    },
    refetchInterval: EVERY_MS,
    gcTime: KEEP_MS,
    structuralSharing: false,
  });
  return (
    <Page
      title="Statistics"
      about={`Totals are over all tenants. Lines are of the gateway that answers, asked every ${EVERY_MS / 1_000} seconds since this page was opened; Prometheus keeps them for longer.`}
    >
      <Loaded query={stats}>{(data) => <Totals stats={data} />}</Loaded>
      <Loaded query={metrics}>{({ samples }) => <Lines samples={samples} />}</Loaded>
      <Title order={2}>Disk and memory</Title>
      <Loaded
        query={workers}
        isEmpty={(data) => data.workers.length === 0}
        empty={<Empty title="No worker has reported" />}
      >
        {(data) => <Resources workers={data.workers} />}
      </Loaded>
      <Title order={2}>Recall by collection</Title>
      <Loaded query={metrics}>{({ readings }) => <Recalls readings={readings} />}</Loaded>
    </Page>
  );
}

function Totals({ stats }: { stats: Stats }) {
  const { gateway } = stats;
  const down = stats.workers - stats.healthyWorkers;
  return (
    <Figures
      figures={[
        { label: 'Collections', name: 'collections', value: stats.collections },
        { label: 'Points', name: 'points', value: stats.points },
        { label: 'Shards', name: 'shards', value: stats.shards },
        { label: 'Points not indexed yet', name: 'indexLag', value: stats.indexLag },
        { label: 'Searches per second', name: 'queriesPerSecond', value: stats.queriesPerSecond },
        { label: 'Memory of shards', name: 'shardMemoryBytes', value: stats.shardMemoryBytes, format: bytes },
        { label: 'Disk of shards', name: 'shardDiskBytes', value: stats.shardDiskBytes, format: bytes },
        {
          label: 'Healthy workers',
          name: 'healthyWorkers',
          value: stats.healthyWorkers,
          note: `of ${stats.workers}`,
          ...(down > 0 ? { color: 'red' } : {}),
        },
        { label: 'Accounts', name: 'users', value: stats.users },
        { label: 'API keys', name: 'apiKeys', value: stats.apiKeys },
        ...(gateway === undefined
          ? []
          : [
              { label: 'Requests', name: 'requests', value: gateway.requests, note: 'of this gateway since its start' },
              { label: 'Failed requests', name: 'failedRequests', value: gateway.failedRequests },
              { label: 'Memory of the gateway', name: 'memoryBytes', value: gateway.memoryBytes, format: bytes },
              {
                label: 'Up for',
                name: 'uptimeSeconds',
                value: gateway.uptimeSeconds,
                format: (value: number | string) => duration(Number(value)),
              },
            ]),
      ]}
    />
  );
}

const milliseconds = (seconds: number) => `${count(seconds * 1_000)} ms`;
const BLUE = 'var(--mantine-color-indigo-6)';
const ORANGE = 'var(--mantine-color-orange-6)';
const RED = 'var(--mantine-color-red-6)';

function Lines({ samples }: { samples: readonly Sample[] }) {
  const intervals = samples.slice(1).map((after, before) => intervalOf(samples[before], after));
  const later = samples.slice(1).map(({ atMs }) => atMs);
  const all = samples.map(({ atMs }) => atMs);
  if (later.length === 0) return <Empty title="The first interval is being measured" />;
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <TimeSeries
        title="Requests per second"
        momentsMs={later}
        format={count}
        series={[
          { label: 'answered', color: BLUE, values: intervals.map((one) => one?.answeredPerSecond ?? null) },
          { label: 'failed', color: RED, values: intervals.map((one) => one?.failedPerSecond ?? null) },
        ]}
      />
      <TimeSeries
        title="Time of a request"
        momentsMs={later}
        format={milliseconds}
        series={[
          { label: 'median', color: BLUE, values: intervals.map((one) => one?.median ?? null) },
          { label: '99th percentile', color: ORANGE, values: intervals.map((one) => one?.p99 ?? null) },
        ]}
      />
      <TimeSeries
        title="Requests in progress"
        momentsMs={all}
        format={count}
        series={[
          { label: 'running', color: BLUE, values: samples.map(({ running }) => running) },
          { label: 'waiting', color: ORANGE, values: samples.map(({ waiting }) => waiting) },
        ]}
      />
      <TimeSeries
        title="Points that wait for the index"
        momentsMs={all}
        format={count}
        series={[{ label: 'points', color: BLUE, values: samples.map(({ indexLag }) => indexLag) }]}
      />
      <TimeSeries
        title="Memory of the process"
        momentsMs={all}
        format={bytes}
        series={[{ label: 'resident', color: BLUE, values: samples.map(({ memoryBytes }) => memoryBytes) }]}
      />
      <TimeSeries
        title="Processor time"
        momentsMs={later}
        format={(cores) => `${cores.toFixed(2)} cores`}
        series={[{ label: 'used', color: BLUE, values: intervals.map((one) => one?.cores ?? null) }]}
      />
    </SimpleGrid>
  );
}

function Resources({ workers }: { workers: Workers }) {
  return (
    <DataTable
      label="disk and memory of workers"
      rows={workers}
      keyOf={({ workerId }) => workerId}
      columns={[
        { head: 'Worker', cell: ({ number, workerId }) => <span title={workerId}>{number}</span> },
        { head: 'Disk', cell: (one) => <Share name="disk" used={one.diskUsedBytes} of={one.diskTotalBytes} /> },
        { head: 'Memory', cell: (one) => <Share name="memory" used={one.memoryBytes} of={one.memoryTotalBytes} /> },
        { head: 'Processor', numeric: true, cell: (one) => `${count(one.cpuUsagePercent)} % of ${one.cpuCores} cores` },
      ]}
    />
  );
}

/** From this share on a disk or a memory is nearly full. */
const NEARLY_FULL = 0.9;

function Share({ name, used, of }: { name: string; used: number; of: number }) {
  const share = of > 0 ? used / of : 0;
  return (
    <Stack gap={2} miw={140}>
      <Progress
        value={share * 100}
        color={share >= NEARLY_FULL ? 'red' : 'indigo'}
        aria-label={`${name}: ${percent(share)}`}
      />
      <Text size="xs" data-figure={`worker.${name}`} data-value={used}>
        {bytes(used)} of {bytes(of)} ({percent(share)})
      </Text>
    </Stack>
  );
}

function Recalls({ readings }: { readings: readonly Reading[] }) {
  const rows = readings
    .filter(({ name }) => name === 'vectron_collection_recall_estimate')
    .map(({ labels, value }) => {
      const of = (name: string) =>
        readings.find(
          (one) =>
            one.name === name &&
            one.labels.collection === labels.collection &&
            one.labels.tenant === labels.tenant &&
            one.labels.vector === labels.vector,
        )?.value ?? 0;
      return {
        ...labels,
        recall: value,
        asked: of('vectron_collection_recall_asked_total'),
        unmet: of('vectron_collection_recall_unmet_total'),
      } as { collection: string; tenant: string; vector?: string; recall: number; asked: number; unmet: number };
    });
  if (rows.length === 0) {
    return (
      <Empty title="No recall was measured yet">
        A shard measures its recall automatically once it has enough indexed points; <Code>vectron recall</Code>{' '}
        measures a collection now.
      </Empty>
    );
  }
  return (
    <DataTable
      label="recall by collection"
      rows={rows}
      keyOf={({ collection, tenant, vector }) => `${tenant} ${collection} ${vector ?? ''}`}
      columns={[
        { head: 'Collection', cell: ({ collection, tenant }) => <span title={`tenant ${tenant}`}>{collection}</span> },
        { head: 'Vector', cell: ({ vector }) => vector || 'the first' },
        {
          head: 'Expected recall',
          numeric: true,
          cell: ({ recall, collection }) => (
            <span data-figure={`recall.${collection}`} data-value={recall}>
              {recall.toFixed(4)}
            </span>
          ),
        },
        { head: 'Searches that asked for a recall', numeric: true, cell: ({ asked }) => count(asked) },
        {
          head: 'Not reached',
          cell: ({ unmet }) => (
            <Group gap="xs">
              {count(unmet)}
              {unmet > 0 && (
                <Badge color="orange" variant="light">
                  measure the collection
                </Badge>
              )}
            </Group>
          ),
        },
      ]}
    />
  );
}
