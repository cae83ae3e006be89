import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type LostChanges, type VectronClient, type VectronError } from '@vectron/sdk';
import { type System, startSingle, tempDir } from '../harness/system.js';
import { until } from '../harness/waiting.js';

const CLI = join(process.cwd(), 'apps/cli/bin/vectron.js');

describe('commands that look into a server', () => {
  let system: System;
  let db: VectronClient;
  beforeAll(async () => {
    // A log is cut after so few entries, of which a tenth is kept.
    system = await startSingle(undefined, ['--no-sample', '--raft-snapshot-entries', '50']);
    db = connect(system.http, { apiKey: system.adminKey });
    await db.createCollection('few', { dimension: 1, distance: 'euclidean' });
    await db.upsert('few', [
      { id: 'a', vector: [1], payload: { big: 9007199254740993n } },
      { id: 'b', vector: [2] },
    ]);
  });
  afterAll(() => system?.stop());

  const flags = (url = system.http) => ['--url', url, '--api-key', system.adminKey];
  const run = (args: string[], url?: string) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args, ...flags(url)], { encoding: 'utf8' });
    return { status, stdout, stderr };
  };
  const json = (args: string[], url?: string) => {
    const { stdout, stderr } = run([...args, '--json'], url);
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  };

  it('explain a search and say why a point is missing', () => {
    const args = ['search', 'few', '--vector', '[1]', '--top-k', '1', '--explain', '--why-not', 'b'];
    const found = json(args);
    expect(found.explanation.steps.map(({ name }: { name: string }) => name)).toContain('shard');
    expect(found.whyNot).toMatchObject({ id: 'b', step: 'beyond_top_k', exactRank: 2 });
    const { stdout, status } = run(args);
    expect([status, stdout]).toEqual([0, expect.stringContaining('b: beyond_top_k: ')]);
    expect(stdout).toMatch(/visited .*distances/);
    expect(run([...args, '--text', 'x']).status).toBe(2);
  });

  it('measure how much of the true answers searches find', () => {
    const args = ['recall', 'few', '--queries', '3', '--top-k', '2'];
    // Two points are scanned: nothing can be missed. Of so few, fewer queries may be made.
    const found = json(args);
    expect(found).toMatchObject({ recall: 1, promised: 1, interval: { high: 1 } });
    expect(found.plans).toEqual({ scan: found.queries });
    const { stdout, status } = run(args);
    expect([status, stdout]).toEqual([
      0,
      expect.stringMatching(/1\.000 \(0\.\d{3} to 1\.000\).*1\.000.*clients asked \d/),
    ]);
    expect(run([...args, '--recall', '2'])).toMatchObject({ status: 2, stderr: expect.stringContaining('recall') });
    expect(run(['recall', 'none'])).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('COLLECTION_NOT_FOUND'),
    });
  });

  it('show the words that a text becomes, and what an index could not read', () => {
    const words = (args: string[]) =>
      json(['indexes', 'analyze', 'few', ...args]).map(({ text }: { text: string }) => text);
    expect(words(["L'article", '--language', 'french'])).toEqual(words(['articles', '--language', 'french']));
    expect(words(['loadInvoice.py', '--analyzer', 'code'])).toEqual(expect.arrayContaining(['load', 'invoice', '.py']));
    expect(run(['indexes', 'create', 'few', 'title', '--type', 'text', '--stop-words', 'the,of']).status).toBe(0);
    expect(words(['the end of it', '--path', 'title'])).toEqual(['end', 'it']);
    expect(run(['indexes', 'analyze', 'few', 'x', '--path', 'title', '--language', 'french']).status).toBe(2);
    expect(run(['indexes', 'create', 'few', 'big', '--type', 'datetime']).status).toBe(0);
    const { stdout } = run(['indexes', 'list', 'few']);
    expect(stdout).toMatch(/big.*datetime.*1, such as 9007199254740993 of a/);
    expect(stdout).toMatch(/title.*text/);
  });

  it('list changes, and follow them until they are stopped', async () => {
    const listed = json(['changes', 'few']);
    expect(listed.changes.map(({ kind, id }: { kind: string; id: string }) => `${kind} ${id}`)).toEqual([
      'insert a',
      'insert b',
    ]);
    const args = ['changes', 'few', '--cursor', listed.nextCursor, '--follow', '--json', ...flags()];
    const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const exited = once(child, 'exit');
    const errors: string[] = [];
    child.stderr.on('data', (text) => errors.push(String(text)));
    await db.delete('few', 'b');
    const [line] = await once(child.stdout, 'data');
    expect(JSON.parse(String(line))).toMatchObject({ kind: 'delete', id: 'b' });
    child.kill('SIGINT');
    expect(await exited).toEqual([0, null]);
    expect(errors.join('')).toMatch(/^cursor c1\./);
  });

  it('say which changes are lost, and go on behind them only when they are told to', async () => {
    await db.createCollection('cut', { dimension: 1, distance: 'dot', shards: 1 });
    const { nextCursor: cursor } = await db.listChanges('cut', { from: 'now' });
    const told = async () => {
      await Promise.all(Array.from({ length: 40 }, (_, n) => db.upsert('cut', [{ id: `p${n}`, vector: [n] }])));
      return db.listChanges('cut', { cursor }).then(
        () => undefined,
        (error: VectronError) => error,
      );
    };
    const error = await until('the log is cut', told);
    expect(error).toMatchObject({ code: 'CHANGES_GONE', message: expect.stringContaining('are no longer kept') });
    const lost = error.details.lost as LostChanges;
    const [{ shardId, firstLogIndex, lastLogIndex }] = lost.shards;
    expect(cursor.endsWith(`.${shardId}-${firstLogIndex}`)).toBe(true);
    expect(lost.cursor.endsWith(`.${shardId}-${lastLogIndex + 1n}`)).toBe(true);
    const grpc = connect(`grpc://${system.grpc}`, { apiKey: system.adminKey });
    for (const client of [db, grpc]) {
      await expect(client.listChanges('cut', { cursor })).rejects.toMatchObject({ details: { lost } });
      // The first that is kept is the first that is told, and a feed without a cursor begins with it.
      for (const asked of [{ cursor: lost.cursor }, {}]) {
        const { changes } = await client.listChanges('cut', asked);
        expect(changes[0].logIndex).toBe(lastLogIndex + 1n);
      }
    }
    const seen: LostChanges[] = [];
    for await (const change of grpc.changes('cut', { cursor, onLost: (one) => seen.push(one) })) {
      expect(change.logIndex).toBe(lastLogIndex + 1n);
      break;
    }
    expect(seen).toEqual([lost]);
    await grpc.close();
    const args = ['changes', 'cut', '--cursor', cursor, '--follow'];
    expect(run(args)).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('CHANGES_GONE') });
    const child = spawn(process.execPath, [CLI, ...args, '--skip-lost', ...flags()], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exited = once(child, 'exit');
    const errors: string[] = [];
    child.stderr.on('data', (text) => errors.push(String(text)));
    const [lines] = await once(child.stdout, 'data');
    expect(String(lines)).toMatch(new RegExp(`^${shardId}\t${lastLogIndex + 1n}\tupdate\t`));
    child.kill('SIGINT');
    expect(await exited).toEqual([0, null]);
    expect(errors.join('')).toContain(`lost: changes ${firstLogIndex} to ${lastLogIndex} of shard ${shardId}`);
    await db.deleteCollection('cut');
  });

  it('keep what a collection was at one moment, with its aliases, and where its changes go on', async () => {
    await db.createCollection('kept', { dimension: 1, distance: 'dot', shards: 2 });
    const ids = Array.from({ length: 30 }, (_, n) => `p${n}`);
    await db.upsert(
      'kept',
      ids.map((id, n) => ({ id, vector: [n], payload: { n } })),
    );
    await db.updateAliases({ set: ['docs', 'papers'].map((alias) => ({ alias, collection: 'kept' })) });
    const file = join(tempDir('moment'), 'kept.snapshot');
    // With progress on stderr.
    const made = (...args: string[]) => JSON.parse(run(['collections', ...args, '--json']).stdout);
    const { points, cursor } = made('snapshot', 'docs', file);
    expect(points).toBe(30);
    await db.upsert('kept', [{ id: 'later', vector: [1] }]);
    const [header] = readFileSync(file, 'utf8').split('\n', 1);
    expect(JSON.parse(header)).toMatchObject({ collection: 'kept', moment: { cursor, aliases: ['docs', 'papers'] } });
    expect((await db.listChanges('kept', { cursor })).changes).toMatchObject([{ kind: 'insert', id: 'later' }]);
    expect(made('copy', 'kept', 'copied')).toEqual({ copied: 31 });
    await db.updateAliases({ delete: ['docs'] });
    const restored = run(['collections', 'restore', file, '--name', 'again']);
    expect(restored).toMatchObject({ status: 0, stderr: expect.stringContaining('alias papers stays with kept') });
    const aliases = async () => Object.fromEntries((await db.listAliases()).map((one) => [one.alias, one.collection]));
    expect(await aliases()).toEqual({ docs: 'again', papers: 'kept' });
    expect((await db.count('again')).count).toBe(30);
    const third = { restored: 30, name: 'third', aliases: ['docs', 'papers'] };
    expect(made('restore', file, '--name', 'third', '--aliases')).toEqual(third);
    expect(await aliases()).toEqual({ docs: 'third', papers: 'third' });
    for (const name of ['kept', 'copied', 'again', 'third']) await db.deleteCollection(name);
  });

  it.each(['REST', 'gRPC'])('show management over %s', (wire) => {
    const url = wire === 'REST' ? system.http : `grpc://${system.grpc}`;
    expect(json(['stats'], url)).toMatchObject({ collections: 1, workers: 1 });
    expect(json(['cluster', 'shards'], url)).toMatchObject([{ collection: 'few', ready: true }]);
    expect(json(['alerts', 'set-rule', 'disk', '--disable', '--threshold', '0.8'], url)).toMatchObject([
      { rule: 'disk', enabled: false, threshold: 0.8 },
    ]);
    expect(json(['alerts', 'set-rule', 'disk', '--enable'], url)).toMatchObject([{ enabled: true, threshold: 0.8 }]);
    expect(run(['alerts', 'rules'], url).stdout).toMatch(/disk.*on.*warning.*0\.8/);
    expect(json(['audit', 'list', '--limit', '1'], url)).toMatchObject([{ action: 'putAlertRule', result: 'OK' }]);
    expect(run(['cluster', 'split', 'x'], url)).toMatchObject({ status: 2 });
  });
});
