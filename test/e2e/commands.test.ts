import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type VectronClient } from '@vectron/sdk';
import { type System, startSingle } from '../harness/system.js';

const CLI = join(process.cwd(), 'apps/cli/bin/vectron.js');

describe('commands that look into a server', () => {
  let system: System;
  let db: VectronClient;
  beforeAll(async () => {
    system = await startSingle();
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
