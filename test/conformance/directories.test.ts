import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, open } from '@vectron/sdk';
import { VectronProcess } from '../harness/process.js';
import { type ProcessSystem, startSingle, tempDir } from '../harness/system.js';

/** Names of all files below, with their folders. */
const filesOf = (dir: string) => readdirSync(dir, { recursive: true }).map(String).sort();
const serve = (data: string) =>
  new VectronProcess([
    'serve',
    '--no-sample',
    '--http',
    '127.0.0.1:0',
    '--grpc',
    '127.0.0.1:0',
    '--data',
    data,
  ]).finish();

describe('what a directory is for', () => {
  let system: ProcessSystem;
  let embedded: string;
  beforeAll(async () => {
    system = await startSingle();
    embedded = tempDir('directory');
    const db = await open(embedded);
    await db.createCollection('kept', { dimension: 1 });
    await db.close();
  });
  afterAll(async () => {
    await system?.stop();
    rmSync(embedded, { recursive: true });
  });

  it('that of a server is no embedded database, and stays as it is', async () => {
    const before = filesOf(system.data);
    const refused = {
      code: 'FAILED_PRECONDITION',
      details: { field: 'path' },
      message: expect.stringContaining('of a server'),
    };
    await expect(open(system.data)).rejects.toMatchObject(refused);
    expect(filesOf(system.data)).toEqual(before);
  });

  it('that of an embedded database is no place for a server, and stays as it is', async () => {
    const before = filesOf(embedded);
    const { code, output } = await serve(embedded);
    expect([code, output]).toEqual([
      expect.any(Number),
      expect.stringMatching(/FAILED_PRECONDITION: .*embedded database/),
    ]);
    expect(code).not.toBe(0);
    expect(filesOf(embedded)).toEqual(before);
    const db = await open(embedded);
    expect(await db.listCollections()).toMatchObject([{ name: 'kept' }]);
    await db.close();
  });

  it('is opened once at a time, and the first opener does not feel the second', async () => {
    const db = await open(embedded);
    await expect(open(embedded)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await db.listCollections()).toMatchObject([{ name: 'kept' }]);
    await db.close();
    const second = await serve(system.data);
    expect(second.output).toMatch(/CONFLICT: .*in use by another process/);
    const first = connect(system.http, { apiKey: system.adminKey });
    await first.createCollection('still', { dimension: 1 });
    await first.upsert('still', [{ id: 'a', vector: [1] }]);
    expect((await first.search('still', { vector: [1] })).hits).toHaveLength(1);
    await first.close();
  });

  it('that is a file, or is not to be written to, or holds the files of others, is refused by name', async () => {
    const dir = tempDir('foreign');
    writeFileSync(join(dir, 'thesis.tex'), 'x');
    const file = join(dir, 'thesis.tex');
    await expect(open(file)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', details: { field: 'path' } });
    await expect(open(join(file, 'db'))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { field: 'path' },
    });
    await expect(open(dir)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining('thesis.tex'),
      details: { field: 'path' },
    });
    expect(filesOf(dir)).toEqual(['thesis.tex']);
    // Nobody makes directories there, root included.
    await expect(open('/sys/vectron-test')).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      details: { field: 'path' },
    });
    for (const path of ['', 'a\0', 5, undefined, null, {}]) {
      await expect(open(path as string)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        details: { field: 'path' },
      });
    }
    rmSync(dir, { recursive: true });
  });

  it('may hold what systems leave everywhere, and may be made', async () => {
    const dir = tempDir('plain');
    writeFileSync(join(dir, '.gitkeep'), '');
    mkdirSync(join(dir, 'lost+found'));
    await (await open(dir)).close();
    await (await open(join(dir, 'not', 'there'))).close();
    rmSync(dir, { recursive: true });
  });

  it.each<[string, unknown[]]>([
    ['threads', [0, 1.5, 1025, '4', Number.NaN]],
    ['indexThreads', [0, -1]],
    ['maxBatch', [0, Number.POSITIVE_INFINITY]],
    ['thread', [4]],
  ])('the option %s', async (name, values) => {
    for (const value of values) {
      const refused = { code: 'INVALID_ARGUMENT', details: { field: name } };
      await expect(open(join(embedded, 'unused'), { [name]: value })).rejects.toMatchObject(refused);
    }
  });

  it.each([1_000_000, 2 ** 31 - 2, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53, Number.POSITIVE_INFINITY])(
    'a timeout of %d milliseconds is one',
    async (timeoutMs) => {
      for (const url of [system.http, `grpc://${system.grpc}`]) {
        const db = connect(url, { apiKey: system.adminKey, timeoutMs, retries: 0 });
        expect(await db.listCollections()).toEqual(expect.any(Array));
        await db.close();
      }
    },
  );
});
