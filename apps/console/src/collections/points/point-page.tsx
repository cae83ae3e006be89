import { Badge, Button, Code, Group, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { api } from '../../api';
import { Loading } from '../../frame/loaded';
import { useLinkState } from '../link-state';
import { useCollection } from '../names';
import { Retry } from '../retry';
import { DeletePoints } from './delete-points';
import { PointForm } from './point-form';
import { FindSimilar } from './points-table';

/** One point, all of it, to be read and changed; without an id in the link, a new one. */
export function PointPage() {
  const collection = useCollection();
  const [{ id }] = useLinkState(['id'] as const);
  return id === '' ? <NewPoint collection={collection} /> : <OnePoint key={id} collection={collection} id={id} />;
}

function NewPoint({ collection }: { collection: string }) {
  const navigate = useNavigate();
  const open = (id: string) =>
    navigate({ to: '/collections/$name/point', params: { name: collection }, search: { id } } as never);
  return (
    <Stack>
      <Title order={2}>New point</Title>
      <PointForm collection={collection} onSaved={(id) => void open(id)} />
    </Stack>
  );
}

function OnePoint({ collection, id }: { collection: string; id: string }) {
  const navigate = useNavigate();
  const found = useQuery({
    queryKey: ['point', collection, id],
    // What is edited must be what is there now.
    queryFn: () => api.POST('/v1/points/get', { body: { collection, id, consistency: { level: 'linearizable' } } }),
    refetchOnMount: 'always',
    retry: false,
  });
  const point = found.data?.point;
  const leave = () => void navigate({ to: '/collections/$name', params: { name: collection } } as never);
  return (
    <Stack>
      <Group justify="space-between">
        <Group gap="xs">
          <Title order={2} style={{ overflowWrap: 'anywhere' }}>
            {id}
          </Title>
          {point && (
            <>
              <Badge variant="light" color="gray" tt="none" data-testid="version">
                version {point.version}
              </Badge>
              <Expiry expiresAtMs={point.expiresAtMs ?? '0'} />
            </>
          )}
        </Group>
        {point && (
          <Group gap="xs">
            <FindSimilar collection={collection} id={id} />
            <DeletePoints collection={collection} ids={[id]} ifVersion={point.version} onDone={leave} />
          </Group>
        )}
      </Group>
      <Retry error={found.error} onRetry={() => found.refetch()} />
      {found.isLoading && <Loading />}
      {point && (
        <>
          <PointForm
            key={point.version}
            collection={collection}
            point={point}
            onSaved={() => void found.refetch()}
            onReload={() => void found.refetch()}
          />
          <Others sparse={point.sparse ?? {}} vectors={point.vectors ?? {}} />
          <Text size="xs" c="dimmed">
            Read at log index {found.data?.appliedIndex} of its shard.
          </Text>
        </>
      )}
      <Group>
        <Button size="xs" variant="default" onClick={leave}>
          All points
        </Button>
      </Group>
    </Stack>
  );
}

function Expiry({ expiresAtMs }: { expiresAtMs: string }) {
  if (expiresAtMs === '0') return null;
  return (
    <Badge variant="light" color="yellow" tt="none" data-testid="expiry">
      deleted at {new Date(Number(expiresAtMs)).toLocaleString('en-GB')}
    </Badge>
  );
}

interface OthersProps {
  readonly sparse: Readonly<Record<string, { indices?: number[]; values?: number[] }>>;
  readonly vectors: Readonly<Record<string, unknown>>;
}

/** Vectors besides the first one; they are written back as they are. */
function Others({ sparse, vectors }: OthersProps) {
  const texts = [
    ...Object.entries(vectors).map(([name, vector]) => [`Vector ${name}`, JSON.stringify(vector)]),
    ...Object.entries(sparse).map(([name, { indices = [], values = [] }]) => [
      `Sparse vector ${name}`,
      indices.map((index, at) => `${index}: ${values[at]}`).join(', '),
    ]),
  ];
  return texts.map(([label, text]) => (
    <Stack key={label} gap={4}>
      <Text size="sm" fw={500}>
        {label}
      </Text>
      <Code block mah={160} style={{ overflow: 'auto', whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
        {text}
      </Code>
    </Stack>
  ));
}
