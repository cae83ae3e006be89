import { Button, Stack, Text } from '@mantine/core';
import { api } from '../../api';
import { Failure } from '../../failure';
import { saveAs } from './save-as';
import { atOneMoment, likeness } from './snapshot';
import { written } from './stored-point';
import { TransferProgress } from './transfer-progress';
import { type Run, useTransfer } from './use-transfer';

/** Writes a collection as of one moment to a file, which is saved when it is whole. */
export function DownloadSnapshot({ collection }: { collection: string }) {
  const download = useTransfer((name: string, run) => snapshotOf(name, run));
  return (
    <Stack gap="xs" maw={360}>
      <Button variant="default" loading={download.isPending} onClick={() => download.mutate(collection)}>
        Download a snapshot
      </Button>
      <Text size="xs" c="dimmed">
        Settings, indexes, aliases and the points of one moment, as vectron collections restore reads them.
      </Text>
      {download.isPending && <TransferProgress progress={download.progress} onStop={download.stop} />}
      <Failure error={download.error} />
      {download.data !== undefined && (
        <Text size="sm" data-testid="downloaded">
          {download.data.toLocaleString('en')} points are in the file.
        </Text>
      )}
    </Stack>
  );
}

async function snapshotOf(collection: string, { signal, onProgress }: Run): Promise<number> {
  const [settings, { aliases: all }, { SnapshotWriter }] = await Promise.all([
    likeness(collection),
    api.GET('/v1/aliases'),
    import('./snapshot-file'),
  ]);
  const aliases = all.flatMap(({ alias, collection: of }) => (of === collection && alias ? [alias] : []));
  return atOneMoment(collection, signal, async ({ points: total, shards, cursor }, pages) => {
    const logIndexes = shards.map(({ shardId, logIndex }) => ({ shardId, logIndex: BigInt(logIndex) }));
    const file = new SnapshotWriter({ collection, settings, moment: { shards: logIndexes, cursor, aliases } });
    let done = 0;
    for await (const page of pages) {
      file.add(page.map(written));
      done += page.length;
      onProgress({ done, total });
    }
    saveAs(file.finish(), `${collection}.vectron.jsonl`);
    return done;
  });
}
