import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRestClient, type RestClient } from '@vectron/rest-client';
import { type System, startSingle } from '../harness/system.js';

describe('the REST client that is generated from the OpenAPI document', () => {
  let system: System;
  let client: RestClient;
  beforeAll(async () => {
    system = await startSingle();
    client = createRestClient({ url: system.http, token: system.adminKey });
  });
  afterAll(() => system?.stop());

  it('makes a collection, writes, searches, explains and deletes, as the compiler has it', async () => {
    const made = await client.POST('/v1/collections', { body: { name: 'typed', dimension: 2 } });
    expect(made.success).toBe(true);
    const path = { collection: 'typed' };
    const written = await client.POST('/v1/collections/{collection}/points', {
      params: { path },
      body: {
        points: [
          { id: 'a', vector: [1, 0], payload: { word: 'x' } },
          { id: 'b', vector: [0, 1] },
        ],
      },
    });
    expect(written.upserted).toBe(2);
    const found = await client.POST('/v1/collections/{collection}/points/search', {
      params: { path },
      body: { vector: [1, 0.1], topK: 1, explain: true, whyNot: 'b' },
    });
    expect(found.results?.map(({ id }) => id)).toEqual(['a']);
    const explained = found as unknown as { explanation: { steps: { name: string }[] }; whyNot: { step: string } };
    expect(explained.explanation.steps.map(({ name }) => name)).toEqual(['cache', 'route', 'shard', 'merge', 'total']);
    expect(explained.whyNot).toMatchObject({ id: 'b', step: 'beyond_top_k', exactRank: 2 });
    const gone = await client.DELETE('/v1/collections/{name}', { params: { path: { name: 'typed' } } });
    expect(gone.success).toBe(true);
  });

  it('throws what a google.rpc.Status says, with the id of the request', async () => {
    const missing = client.GET('/v1/collections/{name}/status', { params: { path: { name: 'none' } } });
    await expect(missing).rejects.toMatchObject({
      code: 'COLLECTION_NOT_FOUND',
      details: { requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
    const wrong = client.POST('/v1/collections', { body: { name: 'typed', dimension: 0 } });
    await expect(wrong).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', details: { field: 'dimension' } });
    const stranger = createRestClient({ url: system.http }).GET('/v1/collections');
    await expect(stranger).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});
