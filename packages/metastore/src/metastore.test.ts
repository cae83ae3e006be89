import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { EmbeddedMetaStore } from './embedded-metastore.js';
import { MemoryMetaStore } from './memory-metastore.js';
import { describeMetaStore } from './metastore.contract.js';

const file = () => join(mkdtempSync(join(tmpdir(), 'vectron-meta-')), 'meta.db');

describeMetaStore('memory', async () => new MemoryMetaStore());
describeMetaStore('embedded', async () => new EmbeddedMetaStore(file()));

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
