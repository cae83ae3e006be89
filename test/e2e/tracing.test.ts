import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type ClusterSystem, rest, startCluster } from '../harness/system.js';
import { until } from '../harness/waiting.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly service: string;
}

/** A collector, as far as a test needs one: OTLP over HTTP, JSON. */
let collector: Server;
let system: ClusterSystem;
const spans: Span[] = [];

beforeAll(async () => {
  collector = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString());
      for (const { resource, scopeSpans } of resourceSpans) {
        const names = resource.attributes as { key: string; value: { stringValue: string } }[];
        const service = names.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
        for (const scope of scopeSpans) for (const span of scope.spans) spans.push({ ...span, service });
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/traces`;
  const traced = ['--otlp-traces', endpoint];
  const flags = { gateway: traced, worker: traced, auth: traced, pd: traced };
  system = await startCluster({ workers: 1, placementDrivers: 1, flags });
});
afterAll(async () => {
  await system?.stop();
  collector?.close();
});

it('a request is one trace through all services, continued from its caller and named in its explanation', async () => {
  const call = (path: string, body: object, headers = {}) =>
    rest(system.http, 'POST', path, { key: system.adminKey, body, headers });
  await call('/v1/collections', { name: 'traced', dimension: 2 });
  await call('/v1/collections/traced/points', { points: [{ id: 'a', vector: [1, 0] }] });
  const headers = { traceparent: `00-${TRACE}-${PARENT}-01` };
  const { body, headers: answered } = await call(
    '/v1/search',
    { collection: 'traced', vector: [1, 0], explain: true },
    headers,
  );
  expect(body.explanation.traceId).toBe(TRACE);
  expect(answered.get('traceparent')).toContain(TRACE);
  const ofTrace = () => spans.filter(({ traceId }) => traceId === TRACE);
  const expected = ['worker.read', 'gateway.shard', 'POST /v1/search'];
  await until('every service has sent its part', ofTrace, (sent) =>
    expected.every((one) => sent.some(({ name }) => name === one)),
  );
  const byId = new Map(ofTrace().map((span) => [span.spanId, span]));
  const read = ofTrace().find(({ name }) => name === 'worker.read');
  expect(read?.service).toBe('vectron-worker');
  const path: string[] = [];
  for (let span = read; span !== undefined; span = byId.get(span.parentSpanId ?? '')) path.push(span.name);
  expect(path).toEqual(expected);
  const root = ofTrace().find(({ name }) => name === 'POST /v1/search');
  expect([root?.parentSpanId, root?.service]).toEqual([PARENT, 'vectron-gateway']);
});
