import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { capacity } from '@vectron/model/capacity';
import { connect, type VectronClient } from '@vectron/sdk';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Browser, Page } from 'playwright-core';
import { rest, type System, startSingle, tempDir } from '../harness/system.js';
import { until, waitLimitMs } from '../harness/waiting.js';
import { choose, fitsWidth, launch, logIn, NARROW, openTab, picture, WIDE } from './browser.js';

const run = promisify(execFile);
const CLI = resolve('apps/cli/bin/vectron.js');
const BIG = 9007199254740993n;
const POINTS = Array.from({ length: 2_000 }, (_, at) => ({
  id: `n-${at}`,
  vector: Array.from({ length: 64 }, (__, axis) => Math.sin((at + 1) * (axis + 1))),
  payload: { at, even: at % 2 === 0, serial: BIG + BigInt(at) },
}));

describe('the collections', () => {
  let system: System;
  let db: VectronClient;
  let browser: Browser;
  let page: Page;
  let token: string;
  const dir = tempDir('console-files');
  beforeAll(async () => {
    system = await startSingle(tempDir('console-collections'), ['--no-sample']);
    db = connect(system.http, { apiKey: system.adminKey });
    await db.createCollection('numbers', { dimension: 64, indexes: [{ path: 'even', type: 'bool' }] });
    await db.upsert('numbers', POINTS);
    token = await logIn(system);
    browser = await launch();
    page = await openTab(browser, WIDE, token);
  });
  afterAll(async () => {
    await browser?.close();
    await system?.stop();
  });

  const open = (path: string, of = page) => of.goto(`${system.http}/console${path}`);
  const statusOf = async (name: string) =>
    (await rest(system.http, 'GET', `/v1/collections/${name}/status`, { key: token })).body;
  const settled = async () =>
    until('every point is in the index', async () => (await statusOf('numbers')).indexLag === '0');
  const file = (name: string, content: string | Uint8Array) => {
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, name), content);
    return join(dir, name);
  };
  const take = async (path: string) => page.setInputFiles('input[type=file]', path);
  const fact = async (label: string) => (await page.textContent(`[data-fact="${label}"] p:last-child`)) ?? '';

  it('are listed with the figures of the API, and made with an estimate of memory', async () => {
    await settled();
    await open('/');
    await page.waitForSelector('tr:has-text("numbers") >> text=2,000');
    await page.waitForSelector('tr:has-text("numbers") >> text="ready"');
    await page.click('text=New collection');
    await page.fill('input[name=name]', 'fresh');
    await page.fill('input[name=dimension]', '64');
    await page.fill('input[name=expected]', '2000');
    const estimate = async () => (await page.textContent('[data-testid=memory]')) ?? '';
    const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
    const planned = { points: 2_000, dimension: 64 };
    expect(await estimate()).toContain(`about ${mebibytes(capacity(planned).memory)} of memory`);
    expect(await estimate()).toContain(`${mebibytes(capacity(planned).disk)} of disk`);
    const real = Number((await statusOf('numbers')).memoryBytes);
    expect(capacity(planned).memory).toBeGreaterThan(real * 0.6);
    expect(capacity(planned).memory).toBeLessThan(real * 1.5);
    await page.click('button:has-text("More settings")');
    await choose(page, 'Quantisation', 'product');
    await choose(page, 'Full vectors', 'mmap');
    const mapped = capacity({ ...planned, quantization: 'product', storage: 'mmap' });
    expect(await estimate()).toContain(
      `${mebibytes(mapped.memory)} of memory, ${mebibytes(mapped.pageCache)} of page cache`,
    );
    await choose(page, 'Quantisation', 'int8');
    await choose(page, 'Full vectors', 'memory');
    await picture(page, 'create-wide');
    await page.click('button:has(:text-is("Create"))');
    await page.waitForSelector('a:text-is("fresh")');
    expect((await statusOf('fresh')).dimension).toBe(64);
  });

  it('get other names, which lead to them', async () => {
    await page.fill('input[name=alias]', 'digits');
    await choose(page, 'Stands for', 'numbers');
    await page.click('button:has(:text-is("Set alias"))');
    await page.waitForSelector('[aria-label=aliases] >> text=digits');
    expect(await db.listAliases()).toEqual([{ alias: 'digits', collection: 'numbers' }]);
    await picture(page, 'collections-wide');
  });

  it('show their shards, replicas, settings and figures as the API has them', async () => {
    await open('/collections/numbers/status');
    await page.waitForSelector('[data-fact=Points]');
    const status = await statusOf('numbers');
    expect(await fact('Points')).toBe('2,000');
    expect(await fact('Memory')).toBe(`${(Number(status.memoryBytes) / 2 ** 20).toFixed(1)} MiB`);
    const [shard] = status.shards;
    const row = (await page.textContent('table[aria-label=shards] tbody tr')) ?? '';
    for (const one of [shard.shardId, shard.appliedIndex, shard.term, `worker ${shard.replicaStatus[0].worker}`])
      expect(row).toContain(String(one));
    await choose(page, 'Durability', 'relaxed');
    await page.click('button:has(:text-is("Save settings"))');
    await until('the setting is changed', async () => (await statusOf('numbers')).settings.durability === 'relaxed');
    await picture(page, 'status-wide');
  });

  it('get indexes, whose progress is shown, and lose them when that was asked twice', async () => {
    await open('/collections/numbers/indexes');
    await page.waitForSelector('tr:has-text("even") >> text=2,000 of 2,000');
    await page.fill('input[name=path]', 'serial');
    await choose(page, 'Type', 'integer');
    await page.click('button:has(:text-is("Create the index"))');
    await page.waitForSelector('tr:has-text("serial") >> text="ready"');
    expect((await db.listIndexes('numbers')).indexes.map(({ path }) => path).sort()).toEqual(['even', 'serial']);
    await picture(page, 'indexes-wide');
    await page.click('[aria-label="drop the index of serial"]');
    await page.waitForSelector('[role=dialog]');
    expect((await db.listIndexes('numbers')).indexes).toHaveLength(2);
    await page.click('button:has(:text-is("Drop the index"))');
    await page.waitForSelector('tr:has-text("serial")', { state: 'detached' });
  });

  it('show changes while they are made', async () => {
    await open('/collections/numbers/changes');
    await page.waitForSelector('[data-testid=feed]:has-text("live")');
    await db.upsert('numbers', [{ id: 'n-0', vector: POINTS[0].vector, payload: { serial: BIG } }]);
    await page.waitForSelector(`table[aria-label=changes] tr:has-text("n-0") >> text=${BIG}`);
    await db.updatePoints('numbers', { ids: ['n-0'], replace: POINTS[0].payload });
    await page.waitForSelector('table[aria-label=changes] tr:has-text("n-0") >> text=at: 0');
    await picture(page, 'changes-wide');
  });

  it('are copied, saved to a file and restored from it, bit for bit', async () => {
    await open('/collections/numbers/status');
    await page.click('button:has(:text-is("Copy"))');
    await page.waitForSelector('[data-testid=copied] >> text=2,000 points');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.click('button:has(:text-is("Download a snapshot"))'),
    ]);
    const path = join(dir, 'numbers.jsonl');
    mkdirSync(dir, { recursive: true });
    await download.saveAs(path);
    await page.waitForSelector('[data-testid=downloaded] >> text=2,000 points');
    await db.updateAliases({ delete: ['digits'] });

    await open('/');
    await page.click('text=Restore a snapshot');
    await page.setInputFiles('[role=dialog] input[type=file]', path);
    await page.fill('input[name=restore-name]', 'restored');
    await page.click('button:has(:text-is("Restore"))');
    await page.waitForSelector('[data-testid=restored] >> text=2,000 points');
    expect(await page.textContent('[data-testid=restored]')).toContain('digits');

    const env = { ...process.env, VECTRON_URL: system.http, VECTRON_API_KEY: system.adminKey };
    await run(process.execPath, [CLI, 'collections', 'restore', path, '--name', 'by-command'], {
      env,
      timeout: waitLimitMs(),
    });
    for (const name of ['numbers-copy', 'restored', 'by-command']) {
      expect((await statusOf(name)).points).toBe('2000');
      const [copy, original] = await Promise.all([db.get(name, 'n-77'), db.get('numbers', 'n-77')]);
      expect(copy?.payload).toEqual(original?.payload);
      expect(copy?.vector).toEqual(original?.vector);
      expect((await db.listIndexes(name)).indexes.map(({ path: at }) => at)).toEqual(['even']);
    }
    const cut = file('cut.jsonl', readFileSync(path, 'utf8').split('\n').slice(0, 100).join('\n'));
    await page.setInputFiles('[role=dialog] input[type=file]', cut);
    await page.fill('input[name=restore-name]', 'half');
    await page.click('button:has(:text-is("Restore"))');
    await page.waitForSelector('[role=alert] >> text=can be restored');
    expect((await db.listCollections()).map(({ name }) => name)).not.toContain('half');
  });

  it('take rows of files, and say which of them are no points', async () => {
    await db.createCollection('rows', { dimension: 2 });
    const lines = [
      '{"key": 1, "embedding": [1, 2], "n": 9007199254740993}',
      'not JSON',
      '{"key": 2, "embedding": [1, 2, 3]}',
      '{"key": 1, "embedding": [3, 4]}',
      '{"key": "x", "embedding": [5, 6], "t": "a"}',
    ];
    await open('/collections/rows/import');
    await take(file('rows.jsonl', lines.join('\n')));
    await choose(page, 'Id', 'key');
    await picture(page, 'import-wide');
    await page.click('button:has-text("Import into rows")');
    await page.waitForSelector('[data-testid=imported]:has-text("2 of 5 rows are points")');
    const said = (await page.textContent('[data-testid=imported]')) ?? '';
    for (const part of ['Line 2', 'Line 3: its vector has 3 dimensions, not 2', 'Line 4: an earlier row']) {
      expect(said).toContain(part);
    }
    expect((await db.get('rows', '1'))?.payload).toEqual({ n: BIG });
    expect((await db.get('rows', 'x'))?.payload).toEqual({ t: 'a' });

    const csv = JSON.stringify('id,vector,name\n007,"[1, 2.5]",bond\n008,,\n');
    const dragged = `(() => {
      const data = new DataTransfer();
      data.items.add(new File([${csv}], 'rows.csv'));
      return data;
    })()`;
    await page.dispatchEvent('[data-testid=drop]', 'drop', { dataTransfer: await page.evaluateHandle(dragged) });
    await page.waitForSelector('[data-testid=file]:has-text("CSV")');
    await page.click('button:has-text("Import into rows")');
    await page.waitForSelector('[data-testid=imported]:has-text("1 of 2 rows are points")');
    expect((await db.get('rows', '007'))?.payload).toEqual({ name: 'bond' });

    const columns = [
      { name: 'id', data: [BIG, BIG + 1n], type: 'INT64' as const },
      {
        name: 'emb',
        data: [
          [0.5, 1],
          [2, 3],
        ],
        type: 'JSON' as const,
      },
      { name: 'when', data: [new Date(0), new Date(1_700_000_000_123)], type: 'TIMESTAMP' as const },
      { name: 'word', data: ['eins', 'zwei'], type: 'STRING' as const },
    ];
    await take(file('rows.parquet', new Uint8Array(parquetWriteBuffer({ columnData: columns }))));
    await page.waitForSelector('[data-testid=file]:has-text("Parquet, 2 rows")');
    await page.click('button:has-text("Import into rows")');
    await page.waitForSelector('[data-testid=imported]:has-text("2 of 2 rows are points")');
    const stored = await db.get('rows', (BIG + 1n).toString());
    expect(stored?.payload).toEqual({ when: '2023-11-14T22:13:20.123Z', word: 'zwei' });
    expect(Array.from(stored?.vector ?? [])).toEqual([2, 3]);
    await db.createCollection('fixtures', { dimension: 4 });
    await open('/collections/fixtures/import');
    for (const name of ['polars_snappy', 'codec_zstd', 'codec_gzip', 'codec_brotli', 'codec_lz4']) {
      await take(resolve(`apps/cli/src/fixtures/parquet/${name}.parquet`));
      await page.waitForSelector(`[data-testid=file]:has-text("${name}.parquet: Parquet, 23 rows")`);
      await page.click('button:has-text("Import into fixtures")');
      await page.waitForSelector('[data-testid=imported]:has-text("23 of 23 rows are points")');
    }
    expect((await db.get('fixtures', 'r0'))?.payload).toEqual({ n: 0 });
    await take(file('rows.npy', 'x'));
    await page.waitForSelector('[role=alert] >> text=are read here');
  });

  it('are deleted when their name was typed', async () => {
    await open('/collections/fresh');
    await page.waitForSelector('text=No points yet');
    await page.click('button:has(:text-is("Delete collection"))');
    expect(await page.isDisabled('button:has(:text-is("Delete fresh"))')).toBe(true);
    await page.fill('input[name=typed-name]', 'fres');
    expect(await page.isDisabled('button:has(:text-is("Delete fresh"))')).toBe(true);
    await page.fill('input[name=typed-name]', 'fresh');
    await page.click('button:has(:text-is("Delete fresh"))');
    await page.waitForSelector('h1:has-text("Collections")');
    await page.waitForSelector('a:text-is("fresh")', { state: 'detached' });
    expect((await db.listCollections()).map(({ name }) => name)).not.toContain('fresh');
  });

  it('stay within the width of a phone', async () => {
    const phone = await openTab(browser, NARROW, token);
    const pages = { '/': 'a:text-is("numbers")', '/collections/numbers/status': '[data-fact=Points]' };
    const others = { '/collections/numbers/indexes': 'text=even', '/collections/numbers/import': '[data-testid=drop]' };
    for (const [path, ready] of Object.entries({ ...pages, ...others })) {
      await open(path, phone);
      await phone.waitForSelector(ready);
      expect(await fitsWidth(phone)).toBe(true);
      await picture(phone, `${path.split('/').pop() || 'collections'}-phone`);
    }
    await phone.close();
  });
});
