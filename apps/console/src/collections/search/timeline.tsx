import { Box, Card, Group, Stack, Text, Title, Tooltip } from '@mantine/core';
import type { SearchAnswer } from '../../api';

type Explanation = NonNullable<SearchAnswer['explanation']>;
type Step = Explanation['steps'][number];

/** The service that does a step. */
const SERVICES: Readonly<Record<string, string>> = {
  authenticate: 'auth',
  embed: 'embedding',
  cache: 'gateway',
  route: 'gateway',
  merge: 'gateway',
  rerank: 'reranker',
};
const COLOURS: Readonly<Record<string, string>> = {
  auth: 'grape',
  embedding: 'pink',
  gateway: 'indigo',
  reranker: 'orange',
  worker: 'teal',
};

interface Bar {
  readonly step: Step;
  readonly service: string;
  readonly fromMs: number;
}

/** Steps follow each other; the shards, which are asked at once, begin together. */
export function barsOf(steps: readonly Step[]): Bar[] {
  let atMs = 0;
  let afterShardsMs = 0;
  return steps
    .filter(({ name }) => name !== 'total')
    .map((step) => {
      if (step.name === 'shard') {
        afterShardsMs = Math.max(afterShardsMs, atMs + step.milliseconds);
        return { step, service: `worker ${step.details.replica ?? ''}`.trim(), fromMs: atMs };
      }
      const fromMs = Math.max(atMs, afterShardsMs);
      atMs = fromMs + step.milliseconds;
      return { step, service: SERVICES[step.name] ?? 'gateway', fromMs };
    });
}

const milliseconds = (ms: number) => `${ms < 10 ? ms.toFixed(2) : ms.toFixed(0)} ms`;

/** The way of a search through the services, as the gateway measured it. */
export function Timeline({ explanation }: { explanation: Explanation }) {
  const bars = barsOf(explanation.steps);
  const total = explanation.steps.find(({ name }) => name === 'total')?.milliseconds;
  const endMs = Math.max(total ?? 0, ...bars.map(({ fromMs, step }) => fromMs + step.milliseconds), 0.001);
  return (
    <Card withBorder>
      <Stack gap="xs" data-testid="timeline">
        <Group justify="space-between">
          <Title order={2}>Explanation</Title>
          {total !== undefined && <Text size="sm">{milliseconds(total)} in all</Text>}
        </Group>
        {bars.map((bar, at) => (
          <BarRow key={at} bar={bar} endMs={endMs} />
        ))}
        <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
          {explanation.traceId === '' ? '' : `Trace ${explanation.traceId}, `}epoch {explanation.routeEpoch} of the
          route, budget {explanation.budgetMs} ms, consistency {explanation.consistency || 'any'}.
        </Text>
      </Stack>
    </Card>
  );
}

function BarRow({ bar: { step, service, fromMs }, endMs }: { bar: Bar; endMs: number }) {
  const details = Object.entries(step.details);
  const name = step.name === 'shard' ? `shard ${step.details.shardId ?? ''}` : step.name;
  const label = (
    <Stack gap={0}>
      {details.map(([key, value]) => (
        <span key={key}>
          {key}: {value}
        </span>
      ))}
    </Stack>
  );
  return (
    <Tooltip label={label} disabled={details.length === 0} events={{ hover: true, focus: true, touch: true }} multiline>
      <Group gap="xs" wrap="nowrap" tabIndex={0} data-step={step.name}>
        <Box w={120} style={{ flexShrink: 0 }}>
          <Text size="sm" lh={1.2}>
            {name}
          </Text>
          <Text size="xs" c="dimmed" lh={1.2}>
            {service}
          </Text>
        </Box>
        <Box style={{ flex: 1, position: 'relative', height: 14 }} bg="var(--mantine-color-default-hover)">
          <Box
            style={{
              position: 'absolute',
              left: `${(100 * fromMs) / endMs}%`,
              width: `max(2px, ${(100 * step.milliseconds) / endMs}%)`,
              height: '100%',
            }}
            bg={`${COLOURS[service.split(' ')[0]] ?? 'indigo'}.6`}
          />
        </Box>
        <Text size="xs" w={64} ta="right" style={{ flexShrink: 0 }}>
          {milliseconds(step.milliseconds)}
        </Text>
      </Group>
    </Tooltip>
  );
}
