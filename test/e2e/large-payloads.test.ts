import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gateway } from '@vectron/proto';
import { connect, open, type VectronClient } from '@vectron/sdk';
import { VectronProcess } from '../harness/process.js';
import { type ProcessSystem, startSingle, tempDir } from '../harness/system.js';
import { describeLargePayloads, LARGE, LARGE_POINTS } from './large-payloads.suite.js';

/** The server's memory may grow by so much over what it is with the points loaded, whatever is asked for at once. */
const MAX_GROWTH_MIB = 900;
const READS_AT_ONCE = 40;

describe('large payloads', () => {
  let system: ProcessSystem;
  let viaRest: VectronClient;
  let viaGrpc: VectronClient;
  let embedded: VectronClient;
  const dir = tempDir('large-embedded');
  beforeAll(async () => {
    system = await startSingle();
    viaRest = connect(system.http, { apiKey: system.adminKey });
    viaGrpc = connect(`grpc://${system.grpc}`, { apiKey: system.adminKey });
    embedded = await open(dir);
  });
  afterAll(async () => {
    await Promise.all([viaRest?.close(), viaGrpc?.close(), embedded?.close()]);
    await system?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  describeLargePayloads('REST', () => viaRest);
  describeLargePayloads('embedded', () => embedded);

  const rssMib = () =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${system.processes[0].pid}/status`, 'utf8'))?.[1]) / 1024;

  it('gives every page to a gRPC client that takes 4 MiB a message, as they do unless they are told otherwise', async () => {
    const client = new Client(system.grpc, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${system.adminKey}`);
    const { path, requestSerialize, responseDeserialize } = gateway.VectronServiceService.listPoints;
    const page = (cursor: string) =>
      new Promise<gateway.ListPointsResponse>((resolve, reject) => {
        const request = gateway.ListPointsRequest.fromPartial({ collection: 'large-REST', limit: 1000, cursor });
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, (error, answer) =>
          error === null && answer !== undefined ? resolve(answer) : reject(error),
        );
      });
    let seen = 0;
    for (let cursor = ''; ; ) {
      const { points, nextCursor } = await page(cursor);
      seen += points.length;
      cursor = nextCursor;
      if (cursor === '') break;
    }
    client.close();
    expect(seen).toBe(LARGE_POINTS);
    const all = viaGrpc.search('large-REST', { vector: [1, 1], topK: 1000, timeoutMs: 60_000 });
    await expect(all).rejects.toMatchObject({ code: 'ANSWER_TOO_LARGE' });
    // What an answer without pages may have is more than 4 MiB: this client takes 64.
    expect((await viaGrpc.search('large-REST', { vector: [1, 1], topK: 20, timeoutMs: 60_000 })).hits.length).toBe(20);
  });

  it('makes many large answers one after the other, and none for those who have gone', async () => {
    const before = rssMib();
    let greatest = before;
    const watch = setInterval(() => {
      greatest = Math.max(greatest, rssMib());
    }, 20);
    try {
      const ask = (path: string, signal?: AbortSignal) =>
        fetch(`${system.http}/v1/collections/large-REST/${path}`, {
          headers: { authorization: `Bearer ${system.adminKey}` },
          signal,
        }).then((answer) => answer.arrayBuffer());
      const pages = await Promise.allSettled(Array.from({ length: READS_AT_ONCE }, () => ask('points?limit=1000')));
      expect(pages.some(({ status }) => status === 'fulfilled')).toBe(true);
      for (let round = 0; round < 3; round += 1) {
        const gone = new AbortController();
        const left = Array.from({ length: READS_AT_ONCE }, () => ask('facets?path=n', gone.signal).catch(() => 'left'));
        // Where one is answered, the others are under way or wait for their turn.
        await Promise.race(left);
        gone.abort();
        await Promise.all(left);
      }
      // Who is there still is answered.
      expect((await viaRest.count('large-REST')).count).toBe(LARGE_POINTS);
    } finally {
      clearInterval(watch);
    }
    expect(greatest - before).toBeLessThan(MAX_GROWTH_MIB);
  });

  it('keeps them in a snapshot, a copy and an export, and restores them', async () => {
    const file = join(dir, 'kept.jsonl');
    const vectron = async (...args: string[]) => {
      const done = await new VectronProcess([...args, '--url', system.http], {
        VECTRON_API_KEY: system.adminKey,
      }).finish();
      expect([done.code, done.output]).toEqual([0, expect.any(String)]);
    };
    await vectron('collections', 'snapshot', 'large-REST', file);
    expect(statSync(file).size).toBeGreaterThan(LARGE_POINTS * LARGE);
    await Promise.all([
      vectron('collections', 'copy', 'large-REST', 'copied'),
      vectron('collections', 'restore', file, '--name', 'restored'),
      vectron('collections', 'export', 'large-REST', join(dir, 'out.jsonl')),
    ]);
    for (const name of ['copied', 'restored']) {
      expect((await viaRest.collectionStatus(name)).points).toBe(LARGE_POINTS);
      const [one, other] = await Promise.all([viaRest.get(name, 'p-007'), viaRest.get('large-REST', 'p-007')]);
      expect(one?.payload).toEqual(other?.payload);
    }
    expect(readFileSync(join(dir, 'out.jsonl'), 'utf8').split('\n').length).toBe(LARGE_POINTS + 1);
  });
});
