import { request as send } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ProcessSystem, reasonOf, startSingle } from '../harness/system.js';
import { describeFieldNames } from './field-names.suite.js';

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly text: string;
}

/** What REST owes to HTTP itself (RFC 9110), by requests that fetch would not send as they are. */
describe('REST as HTTP', () => {
  let system: ProcessSystem;
  const SEARCH = '/v1/collections/http/points/search';
  const query = JSON.stringify({ vector: [1, 0] });
  const json = { 'content-type': 'application/json' };

  const call = (method: string, path: string, headers: Record<string, string> = {}, body?: string | Buffer) =>
    new Promise<Answer>((resolve, reject) => {
      const { hostname: host, port } = new URL(system.http);
      const authorization = `Bearer ${system.adminKey}`;
      const request = send({ host, port, method, path, headers: { authorization, ...headers } }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        );
      });
      request.on('error', reject);
      request.end(body);
    });
  const refusal = ({ status, text }: Answer) => [status, reasonOf(JSON.parse(text))];

  beforeAll(async () => {
    system = await startSingle();
    await call('POST', '/v1/collections', json, '{"name":"http","dimension":2,"distance":"dot"}');
    const points = ['.', '..'].map((id) => ({ id, vector: [1, 0], payload: { id } }));
    await call('POST', '/v1/collections/http/points', json, JSON.stringify({ points }));
  });
  afterAll(() => system?.stop());

  describeFieldNames(() => system);

  it('takes JSON without a content type and with its relatives, and hints at the right one otherwise', async () => {
    for (const type of [undefined, 'application/json; charset=utf-8', 'text/json', 'application/vnd.api+json']) {
      const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
      expect((await call('POST', SEARCH, headers, query)).status).toBe(200);
    }
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'application/grpc', 'nonsense']) {
      const answer = await call('POST', SEARCH, { 'content-type': type }, query);
      expect([type, ...refusal(answer)]).toEqual([type, 415, 'UNSUPPORTED_MEDIA_TYPE']);
      expect(answer.text).toContain('application/json');
    }
  });

  it('takes compressed bodies within the limit of the server, and refuses others', async () => {
    const as = (encoding: string) => ({ ...json, 'content-encoding': encoding });
    expect((await call('POST', SEARCH, as('gzip'), gzipSync(query))).status).toBe(200);
    expect((await call('POST', SEARCH, as('br'), brotliCompressSync(query))).status).toBe(200);
    const unpackable = await call('POST', SEARCH, as('gzip'), 'no gzip');
    expect(refusal(unpackable)).toEqual([400, 'INVALID_ARGUMENT']);
    expect(unpackable.text).toContain('content-encoding');
    expect(refusal(await call('POST', SEARCH, as('zstd'), query))).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    // A small body that is 64 MiB when it is unpacked.
    const bomb = gzipSync(Buffer.alloc(64 << 20, ' '));
    expect(refusal(await call('POST', SEARCH, as('gzip'), bomb))).toEqual([413, 'PAYLOAD_TOO_LARGE']);
  });

  it('compresses large answers for who asks', async () => {
    const { headers } = await call('GET', '/openapi.json', { 'accept-encoding': 'gzip' });
    expect(headers['content-encoding']).toBe('gzip');
    expect((await call('GET', '/openapi.json')).headers['content-encoding']).toBeUndefined();
  });

  it('answers what it cannot read as a request with an error like any other', async () => {
    const long = 'x'.repeat(20_000);
    const path = '/v1/collections/http/points?limit=1';
    const heads: [string, Record<string, string>][] = [
      [`${path}&cursor=${long}`, {}],
      [path, { 'x-long': long }],
    ];
    for (const [target, headers] of heads) {
      const answer = await call('GET', target, headers);
      expect(refusal(answer)).toEqual([431, 'PAYLOAD_TOO_LARGE']);
      expect(answer.text).toContain('16384');
    }
    const { hostname: host, port } = new URL(system.http);
    const socket = connect({ host, port: Number(port) });
    socket.end('GET / HTTP/1.1\r\nno header\r\n\r\n');
    const [head, body] = (await text(socket)).split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(reasonOf(JSON.parse(body))).toBe('INVALID_ARGUMENT');
  });

  it('answers HEAD and OPTIONS, and names the methods of a path', async () => {
    const head = await call('HEAD', '/v1/collections/http');
    expect([head.status, head.text]).toEqual([200, '']);
    const options = await call('OPTIONS', '/v1/collections/http/points');
    expect([options.status, options.headers.allow]).toEqual([204, 'POST, GET, HEAD, OPTIONS']);
    const put = await call('PUT', '/v1/collections/http/points', json, '{}');
    expect([...refusal(put), put.headers.allow]).toEqual([405, 'METHOD_NOT_ALLOWED', 'POST, GET, HEAD, OPTIONS']);
    expect(refusal(await call('GET', '/v1/nothing'))).toEqual([404, 'NOT_FOUND']);
  });

  it('takes the segments . and .. for the ids that they are', async () => {
    for (const id of ['.', '..']) {
      const { text } = await call('GET', `/v1/collections/http/points/${id}`);
      expect(JSON.parse(text).point.payload).toEqual({ id });
    }
  });
});
