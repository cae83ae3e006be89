import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gateway } from '@vectron/proto';
import { callContext, createClient } from '@vectron/rpc';
import { connect, open, type VectronClient } from '@vectron/sdk';
import { type ProcessSystem, startSingle } from '../harness/system.js';
import { describeExactNumbers } from './exact-numbers.suite.js';

describe('embedded', () => {
  const dir = mkdtempSync(join(tmpdir(), 'vectron-exact-'));
  let db: VectronClient;
  beforeAll(async () => {
    db = await open(dir);
  });
  afterAll(async () => {
    await db.close();
    rmSync(dir, { recursive: true });
  });

  describeExactNumbers('embedded', () => db);
});

describe('a server', () => {
  let system: ProcessSystem;
  const clients: Record<string, VectronClient> = {};
  beforeAll(async () => {
    system = await startSingle();
    clients.rest = connect(system.http, { apiKey: system.adminKey });
    clients.grpc = connect(`grpc://${system.grpc}`, { apiKey: system.adminKey });
  });
  afterAll(async () => {
    for (const client of Object.values(clients)) await client.close();
    await system.stop();
  });

  for (const wire of ['rest', 'grpc']) describeExactNumbers(wire, () => clients[wire]);

  /** The text of the answer, as a client in any language gets it. */
  const send = async (method: string, path: string, body?: string) => {
    const headers = { authorization: `Bearer ${system.adminKey}`, 'content-type': 'application/json' };
    const response = await fetch(`${system.http}/v1/collections${path}`, { method, headers, body });
    return { status: response.status, text: await response.text() };
  };

  it('integers in REST bodies and answers are the digits that were sent', async () => {
    const numbers = ['1700000000123456789', '1700000000123456788', '18446744073709551615', '-9223372036854775808'];
    await send('POST', '', '{"name":"raw","dimension":2,"distance":"euclidean"}');
    const points = numbers.map((n, at) => `{"id":"p${at}","vector":[${at},1],"payload":{"n":${n}}}`);
    expect(await send('POST', '/raw/points', `{"points":[${points.join(',')}]}`)).toMatchObject({ status: 200 });
    for (const [at, n] of numbers.entries()) {
      const payload = `"payload":{"n":${n}}`;
      expect((await send('GET', `/raw/points/p${at}`)).text).toContain(payload);
      const listed = await send('POST', '/raw/points/list', `{"filter":{"field":"n","eq":${n}}}`);
      expect(listed.text.match(/"id":"\w+"/g)).toEqual([`"id":"p${at}"`]);
      expect(listed.text).toContain(payload);
      const filter = `"filter":{"field":"n","gte":${n},"lte":${n}}`;
      expect((await send('POST', '/raw/points/count', `{${filter}}`)).text).toContain('"count":"1"');
      const found = await send('POST', '/raw/points/search', `{"vector":[0,1],"topK":9,${filter}}`);
      expect(found.text).toContain(payload);
    }
    expect((await send('POST', '/raw/points/facets', '{"path":"n"}')).text.match(/"value":-?\d+/g)?.sort()).toEqual(
      numbers.map((n) => `"value":${n}`).sort(),
    );
    const rounded = await send('POST', '/raw/points/list', '{"filter":{"field":"n","eq":1700000000123456800}}');
    expect(rounded.text).toContain('"points":[]');
  });

  it.each([
    ['an integer of more than 64 bits', '{"n":18446744073709551617}', 'points[0].payload.n'],
    ['a number larger than any double', '{"n":[1e400]}', 'points[0].payload.n[0]'],
    ['a key that is twice in one object', '{"n":1,"m":{"n":2,"n":3}}', 'n'],
  ])('REST refuses %s', async (_, payload, field) => {
    const wrong = await send('POST', '/raw/points', `{"points":[{"id":"x","vector":[1,2],"payload":${payload}}]}`);
    expect({ ...wrong, text: JSON.parse(wrong.text) }).toMatchObject({
      status: 400,
      text: {
        details: expect.arrayContaining([
          expect.objectContaining({ fieldViolations: [{ field, description: expect.anything() }] }),
        ]),
      },
    });
  });

  it('gRPC takes a payload as text, and gives it with its digits in the Struct', async () => {
    const { api, close } = createClient(gateway.VectronServiceService, system.grpc);
    const context = callContext({ authorization: `Bearer ${system.adminKey}`, timeoutMs: 30_000 });
    await api.createCollection(gateway.CreateCollectionRequest.fromPartial({ name: 'text', dimension: 2 }), context);
    const n = '12345678901234567890';
    const point = gateway.Point.fromPartial({ id: 'a', vector: [1, 2], payloadJson: `{"n": ${n}}` });
    await api.upsert({ collection: 'text', points: [point] }, context);
    const unsigned = {
      condition: {
        $case: 'field' as const,
        value: {
          path: 'n',
          test: {
            $case: 'in' as const,
            value: { values: [{ value: { $case: 'unsigned' as const, value: BigInt(n) } }] },
          },
        },
      },
    };
    const request = {
      ...gateway.SearchRequest.fromPartial({ collection: 'text', topK: 3 }),
      vector: [1, 2],
      filter: unsigned,
    };
    const { results } = await api.search(request, context);
    expect(results).toMatchObject([{ id: 'a', document: { n }, payloadJson: `{"n":${n}}` }]);
    const change = { collection: 'text', ids: ['a'], remove: [], replaceJson: '', setJson: '{"m":-9007199254740993}' };
    await api.updatePoints({ ...change, replace: undefined, set: undefined }, context);
    const { point: read } = await api.get({ collection: 'text', id: 'a' }, context);
    expect(read).toMatchObject({
      document: { n, m: '-9007199254740993' },
      payloadJson: `{"n":${n},"m":-9007199254740993}`,
    });
    await expect(
      api.upsert({ collection: 'text', points: [{ ...point, payloadJson: '{"n":1e400}' }] }, context),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    close();
  });
});
