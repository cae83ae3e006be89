import { Alert, Badge, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Answer } from '@vectron/rest-client';
import { api } from '../api';
import { Failure } from '../failure';
import { DataTable } from '../frame/data-table';
import { Loaded } from '../frame/loaded';
import { Page } from '../frame/page';

type Health = Answer<'get', '/v1/system/health'>;

const EVERY_MS = 3_000;
/** Less than the banner takes, so that no state is shown that nobody has vouched for lately. */
const LIMIT_MS = 6_000;

/** How every service and worker is. What cannot be known is called unknown: an old "ok" is no news of a dead server. */
export function HealthPage() {
  const health = useQuery({
    queryKey: ['health'],
    queryFn: () => api.GET('/v1/system/health', { timeoutMs: LIMIT_MS }),
    refetchInterval: EVERY_MS,
    retry: false,
  });
  const known = health.error === null;
  return (
    <Page
      title="System health"
      about={`Every service and worker is asked every ${EVERY_MS / 1_000} seconds.`}
      badge={health.data && <Verdict health={health.data} known={known} />}
    >
      {!known && health.data !== undefined ? (
        <>
          <Failure error={health.error} />
          <Alert color="red" role="alert" title="The health of the system is unknown">
            The last answer came at {new Date(health.dataUpdatedAt).toLocaleTimeString('en-GB')}.
          </Alert>
          <Parts health={health.data} known={false} />
        </>
      ) : (
        <Loaded query={health}>{(data) => <Parts health={data} known />}</Loaded>
      )}
    </Page>
  );
}

function Verdict({ health, known }: { health: Health; known: boolean }) {
  if (!known) return <State of="unknown" />;
  return <State of={health.status} />;
}

const COLORS: Readonly<Record<string, string>> = { ok: 'teal', down: 'red', degraded: 'red', unknown: 'gray' };

function State({ of }: { of: string }) {
  return (
    <Badge color={COLORS[of] ?? 'red'} variant={of === 'ok' ? 'light' : 'filled'} autoContrast>
      {of}
    </Badge>
  );
}

function Parts({ health, known }: { health: Health; known: boolean }) {
  const wrong = [
    ...health.services.filter(({ status }) => status !== 'ok').map(({ service }) => service),
    ...health.workers.filter(({ healthy }) => !healthy).map(({ workerId }) => `worker ${workerId.slice(0, 8)}`),
  ];
  const rows = [
    ...health.services.map(({ service, status, error, latencyMs }) => ({
      name: service,
      state: status,
      // The gateway is who answers: it has not called itself.
      detail: error || (service === 'gateway' ? 'answered this request' : `${latencyMs.toFixed(1)} ms`),
    })),
    ...health.workers.map(({ workerId, healthy, shards }) => ({
      name: `worker ${workerId.slice(0, 8)}`,
      state: healthy ? 'ok' : 'down',
      detail: `${shards} shards`,
    })),
  ];
  return (
    <Stack>
      {known && wrong.length > 0 && (
        <Alert color="red" role="alert" title="The system is degraded">
          {wrong.join(', ')}: no answer, or no heartbeat.
        </Alert>
      )}
      <DataTable
        label="services and workers"
        rows={rows}
        keyOf={({ name }) => name}
        columns={[
          { head: 'Service', cell: ({ name }) => name },
          { head: 'State', cell: ({ state }) => <State of={known ? state : 'unknown'} /> },
          { head: 'Detail', cell: ({ detail }) => (known ? detail : `last: ${detail}`) },
        ]}
      />
    </Stack>
  );
}
