import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { encodeDocument } from '@vectron/model';
import { createLogger } from '@vectron/observability';
import { AlertService } from './admin/alert.service.js';
import { defaultRules, findings } from './admin/alert-rules.js';
import { fromStringMap, stringMap } from './data/document.js';
import { openGatewayDb } from './gateway-db.js';
import { OPENAPI_JSON } from './wire/rest/generated/openapi.js';

const worker = (workerId: string, healthy: boolean, tailPoints = 0, diskUsedBytes = 0) => ({
  workerId,
  healthy,
  diskTotalBytes: 100,
  last: { diskUsedBytes, shards: [{ shardId: 1, tailPoints }] },
});

const quiet = { shards: [], requests: { all: 0, failed: 0 }, recalls: [] };

describe('alerts', () => {
  it('name a silent worker, a full disk and an index that lags', () => {
    expect(findings({ ...quiet, workers: [worker('ok', true)] })).toEqual([]);
    const workers = [worker('a', false), worker('b', true, 60_000), worker('c', true, 0, 95)];
    const rules = findings({ ...quiet, workers }).map((one) => [one.rule, one.level]);
    expect(rules).toEqual([
      ['worker_down', 'critical'],
      ['index_lag', 'warning'],
      ['disk', 'warning'],
    ]);
  });

  it('name shards that lack replicas, replicas that are behind, and requests that fail', () => {
    const replicas = [
      { worker: 1, appliedIndex: 50_000 },
      { worker: 2, appliedIndex: 1 },
    ];
    const facts = {
      workers: [],
      shards: [{ shardId: 7, voters: 3, healthyReplicas: 2, replicas }],
      requests: { all: 100, failed: 6 },
      recalls: [],
    };
    const found = findings(facts).map(({ rule, subject }) => `${rule}: ${subject}`);
    expect(found).toEqual(['under_replicated: shard 7', 'replication_lag: shard 7 on worker 2', 'error_rate: gateway']);
    const off = defaultRules().map((rule) => ({ ...rule, enabled: rule.rule === 'error_rate', threshold: 0.5 }));
    expect(findings(facts, off)).toEqual([]);
  });

  it('about what passes by itself open when it is so twice in a row', async () => {
    const db = await openGatewayDb(mkdtempSync(join(tmpdir(), 'vectron-alerts-')));
    let healthyReplicas = 0;
    const facts = async () => ({
      ...quiet,
      workers: [],
      shards: [{ shardId: 7, voters: 3, healthyReplicas, replicas: [] }],
    });
    const alerts = new AlertService(db, facts, createLogger('test', 'fatal'));
    const open = async () => {
      await alerts.check();
      return (await alerts.list('open', '')).map(({ rule }) => rule);
    };
    expect([await open(), await open()]).toEqual([[], ['under_replicated']]);
    healthyReplicas = 3;
    expect(await open()).toEqual([]);
    healthyReplicas = 2;
    expect([await open(), await open()]).toEqual([[], ['under_replicated']]);
    await db.destroy();
  });

  it('open once, close when the trouble is over, and survive a restart', async () => {
    const data = mkdtempSync(join(tmpdir(), 'vectron-alerts-'));
    let workers = [worker('w1', false)];
    const facts = async () => ({ ...quiet, workers });
    const open = async () => {
      const db = await openGatewayDb(data);
      return { db, alerts: new AlertService(db, facts, createLogger('test', 'fatal')) };
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
    expect(await alerts.list('open', '')).toEqual([]);
    workers = [worker('w1', true)];
    await alerts.check();
    workers = [worker('w1', false)];
    await alerts.check();
    expect(await alerts.list('open', '')).toHaveLength(1);
    await alerts.setRule('worker_down', { enabled: false });
    await alerts.check();
    expect((await alerts.list('resolved', '')).map((one) => one.resolvedBy).sort()).toEqual([
      'ann@example.org',
      'recovered',
    ]);
    expect((await alerts.rules()).find(({ rule }) => rule === 'worker_down')?.enabled).toBe(false);
    await expect(alerts.setRule('nonsense', {})).rejects.toMatchObject({ code: 'NOT_FOUND' });
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

describe('the OpenAPI document', () => {
  it('is 3.1, names every operation once, declares path parameters and says which calls are open', () => {
    const api = JSON.parse(OPENAPI_JSON) as { openapi: string; paths: Record<string, object> };
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
    expect(open.sort()).toEqual(['getJwks', 'getLiveness', 'getReadiness', 'login', 'refreshToken', 'registerUser']);
  });
});
