import { Badge, Code, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { Answer } from '@vectron/rest-client';
import { useState } from 'react';
import { api } from '../api';
import { DataTable } from '../frame/data-table';
import { count } from '../frame/figure';
import { Empty, Loaded } from '../frame/loaded';
import { Page } from '../frame/page';
import { momentMs } from '../moment';

type Found = Answer<'get', '/v1/admin/slow-queries'>;
type SlowQuery = Found['queries'][number];

const LIMITS = ['100', '300', '500'];
const EVERY_MS = 10_000;

/** The slowest requests that the gateway process keeps, with where their time went and how they were executed. */
export function SlowQueriesPage() {
  const [words, setWords] = useState('');
  const [limit, setLimit] = useState('100');
  const [sought] = useDebouncedValue(words, 150);
  const list = useQuery({
    queryKey: ['slow-queries', limit],
    queryFn: () => api.GET('/v1/admin/slow-queries', { params: { query: { limit: Number(limit) } } }),
    refetchInterval: EVERY_MS,
    placeholderData: keepPreviousData,
  });
  return (
    <Page
      title="Slow queries"
      about="Reads and writes at this gateway that took longer than its --slow-query-ms, the slowest first. Vectors, payloads, filters and texts are never kept."
    >
      <Group align="end">
        <TextInput
          label="Search"
          description="Every word must be in the entry."
          type="search"
          name="search"
          placeholder="collection, operation, code, plan, request id"
          value={words}
          onChange={(e) => setWords(e.target.value)}
          w={320}
        />
        <Select
          label="Slowest requests"
          data={LIMITS}
          value={limit}
          onChange={(value) => setLimit(value ?? '100')}
          allowDeselect={false}
          w={140}
        />
      </Group>
      <Loaded query={list}>{(found) => <Queries found={found} sought={sought} />}</Loaded>
    </Page>
  );
}

const textOf = ({ requestId, operation, collection, code, lane, wire, asked, plan }: SlowQuery) =>
  [requestId, operation, collection, code, lane, wire, ...asked, ...(plan?.shards.map((one) => one.plan) ?? [])]
    .join(' ')
    .toLowerCase();

function Queries({ found: { queries, total, thresholdMs }, sought }: { found: Found; sought: string }) {
  const words = sought.toLowerCase().split(/\s+/).filter(Boolean);
  const found = queries.filter((one) => words.every((word) => textOf(one).includes(word)));
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed" role="status">
        <span data-figure="slow.found" data-value={found.length}>{`${count(found.length)} shown. `}</span>
        <span data-figure="slow.total" data-value={total}>
          {thresholdMs === 0
            ? 'Start the gateway with a value of --slow-query-ms above 0: requests that take longer are listed here.'
            : `${count(total)} requests took longer than ${count(thresholdMs)} ms since the gateway started.`}
        </span>
      </Text>
      {queries.length === 0 ? (
        <Empty title="No request was slow">The threshold is the setting --slow-query-ms of the gateway.</Empty>
      ) : found.length === 0 ? (
        <Empty title="No entry has these words">Faster requests may have them: increase the number of requests.</Empty>
      ) : (
        <DataTable
          label="slow queries"
          rows={found}
          keyOf={({ requestId, at }) => `${requestId} ${at}`}
          columns={[
            { head: 'Ended', cell: ({ at }) => momentMs(Date.parse(at)) },
            { head: 'Milliseconds', numeric: true, cell: ({ milliseconds }) => count(milliseconds) },
            { head: 'In the queue', numeric: true, cell: ({ queueMilliseconds }) => count(queueMilliseconds) },
            { head: 'Slowest shard', numeric: true, cell: ({ shardMilliseconds }) => count(shardMilliseconds) },
            { head: 'Processor', numeric: true, cell: ({ cpuMilliseconds }) => count(cpuMilliseconds) },
            { head: 'Operation', cell: ({ operation, lane }) => <span title={`queue: ${lane}`}>{operation}</span> },
            { head: 'Collection', cell: ({ collection }) => collection && <Code>{collection}</Code> },
            {
              head: 'Result',
              cell: ({ code }) => (
                <Badge color={code === 'OK' ? 'teal' : 'red'} variant="light">
                  {code}
                </Badge>
              ),
            },
            { head: 'Asked for', cell: ({ asked }) => asked.join(', ') },
            { head: 'Executed', cell: (one) => <Executed plan={one.plan} /> },
            { head: 'Request', cell: ({ requestId }) => <Code>{requestId}</Code> },
          ]}
        />
      )}
    </Stack>
  );
}

/** The whole of the request first, then each of its slowest shards. */
function Executed({ plan }: { plan: SlowQuery['plan'] }) {
  if (plan === undefined) return null;
  const { answers, shardsAsked, shardsAnswered, servedFrom, rerankedBy } = plan;
  const whole = [
    answers > 0 && `slowest of ${count(answers)} answers`,
    shardsAsked > 0 && `${count(shardsAnswered)} of ${count(shardsAsked)} shards`,
    servedFrom !== '' && servedFrom !== 'shards' && `from ${servedFrom}`,
    rerankedBy !== '' && `reranked by ${rerankedBy}`,
    ...plan.branches.map(({ plans }) => `branch ${[...new Set(plans)].join(' + ')}`),
  ].filter(Boolean);
  return (
    <Stack gap={2}>
      {whole.length > 0 && <Text size="sm">{whole.join(', ')}</Text>}
      {plan.shards.map((shard) => (
        <Text key={shard.shardId} size="xs" c="dimmed">
          {shardText(shard)}
        </Text>
      ))}
    </Stack>
  );
}

type Shard = NonNullable<SlowQuery['plan']>['shards'][number];

const shardText = ({ shardId, milliseconds, plan, ef, distances, matching, ...shard }: Shard) =>
  [
    `shard ${shardId}: ${count(milliseconds)} ms`,
    shard.errorCode || plan,
    ef > 0 && `ef ${count(ef)}`,
    distances > 0 && `${count(distances)} distances`,
    matching > 0 && `${count(matching)} pass the filter`,
    shard.unindexed && 'filter without an index',
    shard.indexLag > 0 && `${count(shard.indexLag)} points not indexed`,
    shard.stopped && 'stopped by its budget',
  ]
    .filter(Boolean)
    .join(', ');
