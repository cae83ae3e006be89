import { expect, it } from '@jest/globals';
import { createRestClient, type RestClientOptions } from './index.js';

/** A server that answers so; `asked` keeps what it was asked. */
const answering = (body: string | object, init: ResponseInit = {}, asked: Request[] = []): RestClientOptions => ({
  url: 'http://example.org',
  fetch: async (request) => {
    asked.push(request);
    return new Response(typeof body === 'string' ? body : JSON.stringify(body), init);
  },
});

const STATUS = {
  code: 3,
  message: 'vector has 2 components',
  details: [
    {
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason: 'DIMENSION_MISMATCH',
      domain: 'vectron',
      metadata: {},
    },
    {
      '@type': 'type.googleapis.com/google.rpc.BadRequest',
      fieldViolations: [{ field: 'points[3].vector', description: 'vector has 2 components' }],
    },
  ],
};

it('throws the error that a google.rpc.Status stands for, with field and request id', async () => {
  const client = createRestClient(answering(STATUS, { status: 400, headers: { 'x-request-id': 'r-1' } }));
  await expect(client.GET('/v1/collections')).rejects.toMatchObject({
    name: 'VectronError',
    code: 'DIMENSION_MISMATCH',
    message: 'vector has 2 components',
    details: { field: 'points[3].vector', requestId: 'r-1' },
  });
});

it('says when a retry makes sense: from the details, else from the header', async () => {
  const info = { reason: 'RATE_LIMITED', metadata: { retryAfterMs: '250' } };
  const exact = createRestClient(answering({ message: 'slow down', details: [info] }, { status: 429 }));
  await expect(exact.GET('/v1/collections')).rejects.toMatchObject({
    code: 'RATE_LIMITED',
    details: { retryAfterMs: 250 },
  });
  const retryInfo = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '0.070s' };
  const foreign = createRestClient(answering({ message: 'slow down', details: [retryInfo] }, { status: 429 }));
  await expect(foreign.GET('/v1/collections')).rejects.toMatchObject({
    code: 'OVERLOADED',
    details: { retryAfterMs: 70 },
  });
  const proxy = createRestClient(answering('<html>', { status: 503, headers: { 'retry-after': '2' } }));
  await expect(proxy.GET('/v1/collections')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: 'HTTP status 503',
    details: { retryAfterMs: 2_000 },
  });
});

it.each([
  [401, 'UNAUTHENTICATED'],
  [404, 'NOT_FOUND'],
  [413, 'PAYLOAD_TOO_LARGE'],
  [418, 'INTERNAL'],
  [502, 'UNAVAILABLE'],
  [504, 'DEADLINE_EXCEEDED'],
])('reads status %i of something in between as %s', async (status, code) => {
  const client = createRestClient(answering('not from Vectron', { status }));
  await expect(client.GET('/v1/collections')).rejects.toMatchObject({ code });
});

it('ends a call when its time is over, and when the caller says so', async () => {
  const silent: RestClientOptions = {
    url: 'http://example.org',
    fetch: ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true })),
  };
  await expect(createRestClient({ ...silent, timeoutMs: 1 }).GET('/v1/collections')).rejects.toMatchObject({
    code: 'DEADLINE_EXCEEDED',
    message: 'http://example.org did not answer within 1 ms',
  });
  const controller = new AbortController();
  const call = createRestClient(silent).GET('/v1/collections', { signal: controller.signal });
  controller.abort();
  await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
});

it('sends the token of the moment, and names that are no path safely', async () => {
  const asked: Request[] = [];
  let token: string | undefined;
  const client = createRestClient({ ...answering({}, {}, asked), token: () => token });
  await client.GET('/v1/collections');
  token = 'second';
  await client.GET('/v1/collections/{name}/status', { params: { path: { name: '../x?y' } } });
  expect(asked.map(({ headers }) => headers.get('authorization'))).toEqual([null, 'Bearer second']);
  expect(new URL(asked[1].url).pathname).toBe('/v1/collections/..%2Fx%3Fy/status');
});

it('writes and reads bodies as it is told', async () => {
  const asked: Request[] = [];
  const json = {
    stringify: (value: unknown) => JSON.stringify(value).replace('"big"', '9007199254740993'),
    parse: (text: string) => JSON.parse(text.replace('9007199254740993', '"big"')) as unknown,
  };
  const client = createRestClient({ ...answering('{"n":9007199254740993}', {}, asked), json });
  expect(await client.request('post', '/v1/x', { body: { n: 'big' } })).toEqual({ n: 'big' });
  expect(await asked[0].text()).toBe('{"n":9007199254740993}');
});

it('says that an answer is not JSON', async () => {
  const client = createRestClient(answering('<html>'));
  await expect(client.GET('/v1/collections')).rejects.toMatchObject({ code: 'INTERNAL' });
});
