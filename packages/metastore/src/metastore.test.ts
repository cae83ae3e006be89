import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { EmbeddedMetaStore, readEmbedded } from './embedded-metastore.js';
import { MemoryMetaStore } from './memory-metastore.js';
import { describeMetaStore } from './metastore.contract.js';

const file = () => join(mkdtempSync(join(tmpdir(), 'vectron-meta-')), 'meta.db');

describeMetaStore('memory', async () => new MemoryMetaStore());
describeMetaStore('embedded', async () => new EmbeddedMetaStore(file()));

it('an embedded store is for one opener at a time, and is read beside it', async () => {
  const path = file();
  const first = new EmbeddedMetaStore(path);
  const lease = await first.grant();
  await first.txn([], [{ put: '/leased', value: '1', lease: lease.id }]);
  expect(() => new EmbeddedMetaStore(path)).toThrow(expect.objectContaining({ code: 'CONFLICT' }));
  // What another opener would have ended is there.
  expect(await first.get('/leased')).toMatchObject({ value: '1' });
  const reader = readEmbedded(path);
  expect(await reader.get('/leased')).toMatchObject({ value: '1' });
  await reader.close();
  await first.close();
  await new EmbeddedMetaStore(path).close();
});

it('an embedded store keeps entries and revisions across a reopen, in a file of its owner', async () => {
  const path = file();
  const first = new EmbeddedMetaStore(path);
  const { revision } = await first.txn([], [{ put: '/a', value: '1' }]);
  await first.close();
  const second = new EmbeddedMetaStore(path);
  expect(await second.get('/a')).toEqual({ key: '/a', value: '1', revision });
  expect((await second.txn([], [{ put: '/a', value: '2' }])).revision).toBe(revision + 1);
  await second.close();
  expect(statSync(path).mode & 0o777).toBe(0o600);
});
