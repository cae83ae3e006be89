import { Button, Card, Group, NumberInput, Stack, Text, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api';
import { Failure } from '../../failure';

/** Compares answers of searches like this one with the truth. */
export function MeasuredRecall({ collection, body }: { collection: string; body: Readonly<Record<string, unknown>> }) {
  const [queries, setQueries] = useState<number | string>(50);
  const { topK, ef, recall, using, filter } = body as {
    topK?: number;
    ef?: number;
    recall?: number;
    using?: string;
    filter?: object;
  };
  const measure = useMutation({
    mutationFn: () =>
      api.POST('/v1/collections/{collection}/recall:measure', {
        params: { path: { collection } },
        body: { queries: Number(queries), ...{ topK, ef, recall, using, filter } } as never,
      }),
  });
  const measured = measure.data;
  return (
    <Card withBorder>
      <Stack gap="xs">
        <Title order={2}>Recall of searches like this one</Title>
        <Group align="end">
          <NumberInput label="Queries compared" w={150} min={1} max={1000} value={queries} onChange={setQueries} />
          <Button variant="light" loading={measure.isPending} onClick={() => measure.mutate()}>
            Measure recall
          </Button>
        </Group>
        <Failure error={measure.error} />
        {measured && (
          <Text size="sm" data-testid="measured-recall">
            {measured.recall.toFixed(4)}
            {measured.interval &&
              ` (95 % interval ${measured.interval.low.toFixed(4)} to ${measured.interval.high.toFixed(4)})`}{' '}
            over {measured.queries} queries, {measured.asked} of them asked by clients
            {measured.promised === undefined ? '' : `; the answers promised ${measured.promised.toFixed(4)}`}
            {` (${Object.entries(measured.plans)
              .map(([plan, times]) => `${plan}: ${times}`)
              .join(', ')})`}
          </Text>
        )}
      </Stack>
    </Card>
  );
}
