import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Failure } from '../../failure';
import { CollectionLink } from '../collection-link';
import { atOneMoment, likeness } from './snapshot';
import { type StoredPoint, written } from './stored-point';
import { TransferProgress } from './transfer-progress';
import { type Run, useTransfer } from './use-transfer';
import { inRequests, makeFilled, upsert } from './write-points';

/** Makes another collection of the same settings, indexes and points of one moment. */
export function CopyCollection({ collection }: { collection: string }) {
  const [name, setName] = useState(`${collection}-copy`);
  const queries = useQueryClient();
  const copy = useTransfer((to: string, run) => copied(collection, to, run));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    copy.mutate(name, { onSuccess: () => queries.invalidateQueries({ queryKey: ['collections'] }) });
  };
  return (
    <form onSubmit={submit} aria-label="copy">
      <Stack gap="xs" maw={360}>
        <Group align="end" gap="xs">
          <TextInput
            label="Name of the copy"
            name="copy-name"
            required
            value={name}
            onChange={(e) => setName(e.target.value)}
          />
          <Button type="submit" variant="default" loading={copy.isPending}>
            Copy
          </Button>
        </Group>
        {copy.isPending && <TransferProgress progress={copy.progress} onStop={copy.stop} />}
        <Failure error={copy.error} />
        {copy.data && (
          <Text size="sm" data-testid="copied">
            {copy.data.points.toLocaleString('en')} points were copied to <CollectionLink name={copy.data.to} />.
          </Text>
        )}
      </Stack>
    </form>
  );
}

async function copied(from: string, to: string, { signal, onProgress }: Run): Promise<{ to: string; points: number }> {
  const settings = await likeness(from);
  return atOneMoment(from, signal, async ({ points: total }, pages) => {
    let done = 0;
    await makeFilled(to, settings, async () => {
      for await (const batch of inRequests(eachOf(pages))) {
        await upsert(to, batch.map(written), signal);
        done += batch.length;
        onProgress({ done, total });
      }
    });
    return { to, points: done };
  });
}

async function* eachOf(pages: AsyncIterable<readonly StoredPoint[]>): AsyncGenerator<StoredPoint> {
  for await (const page of pages) yield* page;
}
