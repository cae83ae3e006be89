import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { encodeDocument } from '@vectron/model';
import { createLogger } from '@vectron/observability';
import { AlertService, findings } from './alert.service.js';
import type { Backends } from './backends.js';
import { fromStringMap, stringMap } from './document.js';
import { openGatewayDb } from './gateway-db.js';
import { openApiDocument } from './index.js';
import { parse } from './json-schema.js';
import * as schema from './rest-schemas.js';

const worker = (workerId: string, healthy: boolean, tailPoints = 0, diskUsedBytes = 0) => ({
  workerId,
  healthy,
  diskTotalBytes: 100,
  last: { diskUsedBytes, shards: [{ shardId: 1, tailPoints }] },
});

describe('alerts', () => {
  it('name a silent worker, a full disk and an index that lags', () => {
    expect(findings([worker('ok', true)])).toEqual([]);
    const rules = findings([worker('a', false), worker('b', true, 60_000), worker('c', true, 0, 95)]).map((one) => [
      one.rule,
      one.level,
    ]);
    expect(rules).toEqual([
      ['worker_down', 'critical'],
      ['index_lag', 'warning'],
      ['disk', 'warning'],
    ]);
  });

  it('open once, close when the trouble is over, and survive a restart', async () => {
    const data = mkdtempSync(join(tmpdir(), 'vectron-alerts-'));
    let workers = [worker('w1', false)];
    const backends = { placement: { listWorkers: async () => ({ workers }) } } as unknown as Backends;
    const open = async () => {
      const db = await openGatewayDb(data);
      return { db, alerts: new AlertService(db, backends, createLogger('test', 'fatal')) };
    };
    const first = await open();
    await first.alerts.check();
    await first.alerts.check();
    await first.db.destroy();
    const { db, alerts } = await open();
    const [alert, ...more] = await alerts.list('open', 'critical');
    expect([alert.rule, alert.subject, more]).toEqual(['worker_down', 'worker w1', []]);
    await alerts.resolve(alert.id, 'ann@example.org');
    expect(await alerts.list('open', '')).toEqual([]);
    await alerts.check();
    workers = [worker('w1', true)];
    await alerts.check();
    expect((await alerts.list('resolved', '')).map((one) => one.resolvedBy).sort()).toEqual([
      'ann@example.org',
      'recovered',
    ]);
    await db.destroy();
  });
});

describe('documents', () => {
  it('keep every key as data or refuse it', () => {
    expect(encodeDocument({ constructor: 1, a: [{ b: null }] }, 'p').toString()).toBe(
      '{"constructor":1,"a":[{"b":null}]}',
    );
    expect(() => encodeDocument(JSON.parse('{"a":{"__proto__":1}}'), 'p')).toThrow('__proto__');
    expect(() => encodeDocument(fromStringMap(new Map([['__proto__', 'x']])), 'p')).toThrow('__proto__');
    expect(stringMap({ s: 'text', n: 1, o: { a: [] } })).toEqual(
      new Map([
        ['s', 'text'],
        ['n', '1'],
        ['o', '{"a":[]}'],
      ]),
    );
  });
});

describe('REST bodies', () => {
  it('follow the proto3 JSON mapping', () => {
    expect(parse(schema.search, { vector: [1], top_k: 5 })).toMatchObject({ topK: 5, includeMetadata: true });
    expect(parse(schema.search, { vector: [1], topK: null })).toMatchObject({ topK: 0 });
    expect(parse(schema.createKey, { expires_at: '1700000000' })).toMatchObject({ expiresAt: 1_700_000_000n });
    expect(() => parse(schema.search, { vector: [1], top__k: 5 })).toThrow('unknown field top__k');
    expect(() => parse(schema.createCollection, { name: 'x', dimension: 1.5 })).toThrow('dimension');
  });
});

describe('the OpenAPI document', () => {
  it('is 3.1, names every operation once, declares path parameters and says which calls are open', () => {
    const api = openApiDocument();
    expect(api.openapi).toBe('3.1.0');
    type Operation = {
      operationId: string;
      security?: unknown[];
      parameters?: { name: string; in: string }[];
      requestBody?: unknown;
    };
    const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
      Object.values(methods as Record<string, Operation>).map((one) => ({ path, ...one })),
    );
    expect(new Set(operations.map((one) => one.operationId)).size).toBe(operations.length);
    for (const { path, parameters } of operations) {
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      expect((parameters ?? []).filter((one) => one.in === 'path').map((one) => one.name)).toEqual(wanted);
    }
    const open = operations.filter((one) => one.security?.length === 0).map((one) => one.operationId);
    expect(open.sort()).toEqual(['healthz', 'login', 'openapi', 'readyz', 'registerUser']);
    expect(JSON.stringify(api)).toContain('"dimension":{"type":"integer"');
  });
});
