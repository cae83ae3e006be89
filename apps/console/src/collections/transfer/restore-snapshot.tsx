import { Button, FileInput, Group, Stack, Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../api';
import { Failure } from '../../failure';
import { CollectionLink } from '../collection-link';
import { TransferProgress } from './transfer-progress';
import { type Run, useTransfer } from './use-transfer';
import { inRequests, makeFilled, upsert } from './write-points';

interface Restored {
  readonly name: string;
  readonly points: number;
  readonly aliases: readonly string[];
  /** Aliases of the file that stand for another collection here. */
  readonly taken: readonly string[];
}

/** Makes a collection of a snapshot, or none when the file was cut off or changed. */
export function RestoreSnapshot() {
  const [file, setFile] = useState<File | null>(null);
  const [name, setName] = useState('');
  const queries = useQueryClient();
  const restore = useTransfer((given: { file: File; name: string }, run) => restored(given, run));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (file) restore.mutate({ file, name }, { onSuccess: () => queries.invalidateQueries() });
  };
  return (
    <form onSubmit={submit} aria-label="restore">
      <Stack>
        <FileInput
          label="Snapshot"
          placeholder="a file of vectron collections snapshot, or of this console"
          name="snapshot"
          value={file}
          onChange={setFile}
        />
        <TextInput
          label="Name"
          description="empty: that of the snapshot"
          name="restore-name"
          value={name}
          onChange={(e) => setName(e.target.value)}
        />
        {restore.isPending && <TransferProgress progress={restore.progress} onStop={restore.stop} />}
        <Failure error={restore.error} />
        {restore.data && <Outcome {...restore.data} />}
        <Group>
          <Button type="submit" disabled={file === null} loading={restore.isPending}>
            Restore
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Outcome({ name, points, aliases, taken }: Restored) {
  return (
    <Text size="sm" data-testid="restored">
      {points.toLocaleString('en')} points are in <CollectionLink name={name} />.
      {aliases.length > 0 ? ` Aliases: ${aliases.join(', ')}.` : ''}
      {taken.length > 0 ? ` Aliases of another collection, which were left: ${taken.join(', ')}.` : ''}
    </Text>
  );
}

async function restored(
  { file, name: given }: { file: File; name: string },
  { signal, onProgress }: Run,
): Promise<Restored> {
  const { checkedHeader, pointsOf } = await import('./snapshot-file');
  const { header, points: total } = await checkedHeader(file);
  const name = given.trim() || header.collection;
  await makeFilled(name, header.settings, async () => {
    let done = 0;
    for await (const batch of inRequests(pointsOf(file, total))) {
      await upsert(name, batch, signal);
      done += batch.length;
      onProgress({ done, total });
    }
  });
  const wanted = header.moment?.aliases ?? [];
  const { aliases: there } = await api.GET('/v1/aliases');
  const taken = wanted.filter((alias) => there.some((one) => one.alias === alias));
  const aliases = wanted.filter((alias) => !taken.includes(alias));
  if (aliases.length > 0)
    await api.POST('/v1/aliases', { body: { set: aliases.map((alias) => ({ alias, collection: name })) } });
  return { name, points: total, aliases, taken };
}
