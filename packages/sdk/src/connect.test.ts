import { describe, expect, it } from '@jest/globals';
import { connect, upsertAll } from './index.js';

const asking = async (url: string): Promise<string> => {
  const asked: string[] = [];
  const fetch = async (request: Request) => {
    asked.push(request.url);
    return new Response('{"details":[]}');
  };
  await connect(url, { fetch }).listCollections();
  return asked.join();
};

describe('the address of a server', () => {
  it.each([
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080/v1/collections'],
    ['http://127.0.0.1:8080/', 'http://127.0.0.1:8080/v1/collections'],
    ['https://example.org/prefix', 'https://example.org/prefix/v1/collections'],
    ['https://example.org/prefix/', 'https://example.org/prefix/v1/collections'],
    ['https://example.org/a/b%20c//', 'https://example.org/a/b%20c/v1/collections'],
    ['http://[::1]:8080/x', 'http://[::1]:8080/x/v1/collections'],
    ['http://127.0.0.1:8080/v1', 'http://127.0.0.1:8080/v1/collections'],
    ['http://127.0.0.1:8080/prefix/v1/', 'http://127.0.0.1:8080/prefix/v1/collections'],
    [' http://127.0.0.1:8080 ', 'http://127.0.0.1:8080/v1/collections'],
  ])('%s asks %s', async (url, asked) => {
    expect(await asking(url)).toBe(asked);
  });

  it.each<[unknown]>([
    [''],
    ['127.0.0.1:8080'],
    ['localhost'],
    ['ftp://example.org'],
    ['http://'],
    ['http://example.org:99999'],
    ['http://example.org/?tenant=a'],
    ['http://example.org/?'],
    ['http://example.org/#a'],
    ['http://user:secret@example.org'],
    ['http://secret@example.org'],
    ['grpc://127.0.0.1:8081/prefix'],
    ['grpcs://user:secret@127.0.0.1:8081'],
    [5],
    [undefined],
    [null],
    [[]],
    [[5]],
    [{}],
    ['http://127.0.0.1:8080,'],
  ])('%p is refused, without a word of what may be secret', (url) => {
    let refusal: unknown;
    try {
      connect(url as string);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({ code: 'INVALID_ARGUMENT', details: { field: 'url' } });
    expect(String(refusal)).not.toContain('secret');
  });
});

describe('options of a client', () => {
  it.each<[string, unknown[]]>([
    ['timeoutMs', [0, -1, 1.5, Number.NaN, Number.NEGATIVE_INFINITY, '5', null, 5n, {}]],
    ['retries', [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null, 1_001]],
    ['apiKey', [5, '', 'a b', 'a\n', 'ä', {}]],
    ['ca', [5, {}]],
    ['fetch', [5, 'fetch']],
    ['timeout', [5]],
    ['toString', [5]],
  ])('%s', (name, values) => {
    for (const value of values) {
      expect(() => connect('http://127.0.0.1:1', { [name]: value })).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { field: name } }),
      );
    }
  });

  it('are an object', () => {
    for (const options of [new Map(), [], 'x', 5]) {
      expect(() => connect('http://127.0.0.1:1', options as object)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { field: 'options' } }),
      );
    }
  });

  it('of a batched write are refused before anything is written', async () => {
    const db = connect('http://127.0.0.1:1', { fetch: async () => Response.error() });
    for (const [name, value] of Object.entries({ batchSize: 0, maxInFlight: 1.5, batch: 5 })) {
      const refused = { code: 'INVALID_ARGUMENT', details: { field: name } };
      await expect(upsertAll(db, 'c', [], { [name]: value })).rejects.toMatchObject(refused);
    }
  });
});
