import { Badge, Group, Stack, Text, Title } from '@mantine/core';
import type { Answer } from '@vectron/rest-client';
import { api } from '../api';
import { Confirm } from '../frame/confirm';
import { DataTable } from '../frame/data-table';
import { bytes, count, percent } from '../frame/figure';
import { momentMs } from '../moment';

export type Worker = Answer<'get', '/v1/admin/workers'>['workers'][number];

const pathOf = ({ workerId }: Worker) => ({ params: { path: { worker: workerId } } });
const placeOf = ({ region, zone, rack }: Worker) => [region, zone, rack].filter(Boolean).join(' / ');

/** Workers by the place that they say they are in, with what an operator does to one. */
export function Workers({ workers, onDone }: { workers: readonly Worker[]; onDone: () => Promise<void> }) {
  const places = Map.groupBy(workers, placeOf);
  return [...places].map(([place, inside]) => (
    <Stack key={place} gap="xs">
      {places.size > 1 && <Title order={3}>{place || 'No zone'}</Title>}
      <DataTable
        label={place === '' ? 'workers' : `workers in ${place}`}
        rows={inside}
        keyOf={({ workerId }) => workerId}
        columns={[
          {
            head: 'Worker',
            cell: ({ number, workerId, searchOnly }) => (
              <Text size="sm" title={workerId} style={{ whiteSpace: 'nowrap' }}>
                {number} · {workerId.slice(0, 8)}
                {searchOnly ? ', search only' : ''}
              </Text>
            ),
          },
          { head: 'State', cell: (worker) => <State worker={worker} /> },
          { head: 'Place', cell: (worker) => placeOf(worker) || 'not set' },
          { head: 'Replicas', numeric: true, cell: ({ replicas, leads }) => `${replicas}, leads ${leads}` },
          { head: 'Searches per second', numeric: true, cell: ({ queriesPerSecond }) => count(queriesPerSecond) },
          { head: 'Processor', numeric: true, cell: ({ cpuUsagePercent }) => `${count(cpuUsagePercent)} %` },
          {
            head: 'Disk',
            numeric: true,
            cell: (one) =>
              `${bytes(one.diskUsedBytes)}${one.diskTotalBytes > 0 ? ` (${percent(one.diskUsedBytes / one.diskTotalBytes)})` : ''}`,
          },
          { head: 'Heartbeat', cell: ({ lastHeartbeatMs }) => momentMs(lastHeartbeatMs) },
          { head: 'Actions', cell: (worker) => <Actions worker={worker} onDone={onDone} /> },
        ]}
      />
    </Stack>
  ));
}

function State({ worker: { state, healthy, stateReason } }: { worker: Worker }) {
  return (
    <Badge color={healthy ? 'teal' : 'red'} variant={healthy ? 'light' : 'filled'} title={stateReason}>
      {healthy ? state : `${state}: no heartbeat`}
    </Badge>
  );
}

function Actions({ worker, onDone }: { worker: Worker; onDone: () => Promise<void> }) {
  const drains = worker.state === 'DRAINING';
  return (
    <Group gap={4} wrap="nowrap">
      <Confirm
        label={drains ? 'stop draining' : 'drain'}
        ariaLabel={drains ? `stop draining worker ${worker.number}` : `drain worker ${worker.number}`}
        color="indigo"
        title={drains ? `Stop draining worker ${worker.number}?` : `Drain worker ${worker.number}?`}
        action={drains ? 'Stop draining' : 'Drain the worker'}
        onConfirm={() => api.POST('/v1/admin/workers/{worker}/drain', { ...pathOf(worker), body: { cancel: drains } })}
        onDone={onDone}
      >
        {drains
          ? 'It keeps the replicas that it has left, and gets new ones again.'
          : 'Its replicas move to other workers. Searches and writes continue during the moves.'}
      </Confirm>
      <Confirm
        label="remove"
        ariaLabel={`remove worker ${worker.number}`}
        title={`Remove worker ${worker.number}?`}
        action="Remove the worker"
        onConfirm={() => api.DELETE('/v1/admin/workers/{worker}', pathOf(worker))}
        onDone={onDone}
      >
        Only a worker that no longer holds a shard can be removed. Drain a worker that holds shards first.
      </Confirm>
    </Group>
  );
}
