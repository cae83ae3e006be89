import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuditChains } from '@vectron/auth';
import { MemoryMetaStore } from '@vectron/metastore';
import { createLogger } from '@vectron/observability';
import { admin, auth, authInternal, gateway } from '@vectron/proto';
import { callContext, createClient } from '@vectron/rpc';
import { type AuditLimits, AuditLog } from '../../apps/gateway/src/edge/audit.js';
import { macOf, verifyAudit } from '../../apps/gateway/src/edge/audit-files.js';
import { AuditFlood } from '../../apps/gateway/src/edge/audit-flood.js';
import { VectronProcess } from '../harness/process.js';
import { type ProcessSystem, rest, startSeparate, startSingle, tempDir } from '../harness/system.js';
import { until } from '../harness/waiting.js';

interface Entry {
  action: string;
  who: string;
  target: string;
  result: string;
  requestId: string;
  address: string;
}

const PASSWORD = 'a-password-of-this-test';

describe('the audit log says who did what to what', () => {
  let system: ProcessSystem;
  beforeAll(async () => {
    system = await startSingle();
  });
  afterAll(() => system?.stop());
  const entries = async () =>
    (await rest(system.http, 'GET', '/v1/admin/audit?limit=1000', { key: system.adminKey })).body.entries as Entry[];
  const entryOf = (action: string, holds: (entry: Entry) => boolean = () => true) =>
    until(`an entry of ${action}`, async () => (await entries()).find((one) => one.action === action && holds(one)));

  it('the same entries for the same acts on REST and on gRPC, each with the id of its request', async () => {
    const authorization = `Bearer ${system.adminKey}`;
    const data = createClient(gateway.VectronServiceService, system.grpc);
    const users = createClient(auth.AuthServiceService, system.grpc);
    const call = (verb: string, path: string, body?: object) =>
      rest(system.http, verb, path, { key: system.adminKey, body });
    const context = () => callContext({ authorization });
    const acts = [
      {
        action: 'createCollection',
        target: 'acted',
        overRest: () => call('POST', '/v1/collections', { name: 'acted', dimension: 2 }),
        overGrpc: () =>
          data.api.createCollection(
            gateway.CreateCollectionRequest.fromPartial({ name: 'acted', dimension: 2 }),
            context(),
          ),
      },
      {
        action: 'updateAliases',
        target: 'other-name acted',
        overRest: () => call('POST', '/v1/aliases', { set: [{ alias: 'other-name', collection: 'acted' }] }),
        overGrpc: () =>
          data.api.updateAliases({ set: [{ alias: 'other-name', collection: 'acted' }], delete: [] }, context()),
      },
      {
        action: 'createApiKey',
        target: 'of-a-service read',
        overRest: () => call('POST', '/v1/keys', { name: 'of-a-service', role: 'read' }),
        overGrpc: () =>
          users.api.createApiKey(
            auth.CreateAPIKeyRequest.fromPartial({ name: 'of-a-service', role: 'read' }),
            context(),
          ),
      },
      {
        action: 'deleteCollection',
        target: 'acted',
        overRest: () => call('DELETE', '/v1/collections/acted'),
        overGrpc: () => data.api.deleteCollection({ name: 'acted' }, context()),
      },
    ];
    const ids = new Set<string>();
    for (const way of ['overRest', 'overGrpc'] as const) {
      for (const { action, target, [way]: act } of acts) {
        await act();
        const entry = await entryOf(action, ({ requestId }) => !ids.has(requestId));
        expect([way, action, entry.target, entry.result]).toEqual([way, action, target, 'OK']);
        expect(entry.requestId).toMatch(/^[0-9a-f-]{36}$/);
        ids.add(entry.requestId);
      }
    }
    data.close();
    users.close();
  });

  it('a refused login is there with the e-mail that was tried; no secret and no control character is', async () => {
    const tried = 'nobody\u001b[31m\u202e@example.org';
    const body = { email: tried, password: PASSWORD };
    const { headers } = await rest(system.http, 'POST', '/v1/users/login', { body });
    const login = await entryOf('login', ({ target }) => target.includes('nobody'));
    expect(login).toMatchObject({ address: '127.0.0.1', result: expect.stringMatching(/UNAUTHENTICATED|INVALID/) });
    expect(login.target).toBe('nobody\\u{1b}[31m\\u{202e}@example.org');
    expect(login.requestId).toBe(headers.get('x-request-id'));
    const misplaced = 'the-password-typed-as-a-name';
    await rest(system.http, 'POST', '/v1/users/login', { body: { email: misplaced, password: PASSWORD } });
    await entryOf('login', ({ target }) => target.includes('characters'));
    const secrets = [
      'vk_AbCdEfGhIjKl_abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq_0a1b2c3d',
      'vr_abcdefghijklmnop_1_abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq',
      'vi_abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrst',
      'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJzb21lYm9keSJ9.c2lnbmF0dXJlc2lnbmF0dXJl',
    ];
    for (const secret of secrets) {
      await rest(system.http, 'DELETE', `/v1/keys/${secret.slice(0, 64)}`, { key: system.adminKey });
      await rest(system.http, 'DELETE', `/v1/collections/${secret}`, { key: system.adminKey });
      await rest(system.http, 'DELETE', `/v1/collections/${secret}`);
      await rest(system.http, 'POST', '/v1/users/login', { body: { email: `${secret}@x.org`, password: 'p' } });
      await rest(system.http, 'POST', '/v1/keys', { key: system.adminKey, body: { name: secret } });
    }
    await entryOf('createApiKey', ({ target }) => target.includes('(a token)'));
    const written = readFileSync(join(system.data, 'gateway', 'audit.jsonl'), 'utf8');
    for (const secret of [...secrets.map((one) => one.slice(20, 50)), misplaced, PASSWORD, system.adminKey.slice(16)])
      expect(written).not.toContain(secret);
    expect(written).toContain('vk_AbCdEfGhIjKl_…');
  });

  it('the command and the call say that it is whole, beside the running server, and miss an end that is cut off', async () => {
    const verify = () => new VectronProcess(['audit', 'verify', '--data', system.data]).finish();
    expect(await verify()).toMatchObject({ code: 0, output: expect.stringContaining('nothing') });
    const over = createClient(admin.AdminServiceService, system.grpc);
    const context = callContext({ authorization: `Bearer ${system.adminKey}` });
    expect(await over.api.verifyAudit({}, context)).toMatchObject({ wrong: '', otherGateways: [] });
    over.close();
    await system.stop();
    const file = join(system.data, 'gateway', 'audit.jsonl');
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    writeFileSync(file, `${lines.slice(0, -1).join('\n')}\n`);
    expect(await verify()).toMatchObject({ code: 1, output: expect.stringContaining('the end is missing') });
    const again = await startSingle(system.data);
    await again.processes[0].until(/the audit log is cut off/);
    await rest(again.http, 'POST', '/v1/keys', { key: again.adminKey, body: { name: 'later' } });
    await again.stop();
    expect(await verify()).toMatchObject({ code: 1, output: expect.stringContaining('missing') });
    renameSync(join(system.data, 'gateway'), join(system.data, 'moved'));
    const fresh = await startSingle(system.data);
    await fresh.stop();
    expect(await verify()).toMatchObject({ code: 1, output: expect.stringContaining('whole log') });
    // Nothing beside the log says what it was made with.
    const beside = readdirSync(join(system.data, 'moved')).filter((name) => name.startsWith('audit'));
    expect(beside.sort()).toEqual(['audit.id', 'audit.jsonl']);
  });
});

describe('the audit log of a gateway on its own', () => {
  it('is checked through the gateway', async () => {
    const system = await startSeparate(1);
    await rest(system.http, 'POST', '/v1/keys', { key: system.adminKey, body: { name: 'k' } });
    const args = ['audit', 'verify', '--json', '--url', system.http, '--api-key', system.adminKey, '--data', 'none'];
    const { code, output } = await new VectronProcess(args).finish();
    expect([code, JSON.parse(output)]).toEqual([0, { entries: expect.any(Number), wrong: '' }]);
    await system.stop();
  });
});

describe('the chain of the audit log', () => {
  const event = { action: 'login', userId: 'u', who: 'a@b.c', address: '', target: '', result: 'OK', requestId: '' };
  const logger = createLogger('test', 'fatal');
  const anchored = () => {
    const chains = new AuditChains(new MemoryMetaStore(), 'pepper');
    const source = {
      openAuditChain: async ({ gatewayId, oldKey, oldSequence }: authInternal.OpenAuditChainRequest) => {
        const chain = await chains.open(gatewayId, oldKey, oldSequence);
        return authInternal.AuditChain.fromPartial({ ...chain, others: [] });
      },
      anchorAuditChain: async ({ gatewayId, anchor }: authInternal.AnchorAuditChainRequest) => {
        if (anchor !== undefined) await chains.anchor(gatewayId, anchor);
        return {};
      },
    };
    const limits: AuditLimits = { keepFiles: 0, rotateBytes: 64 << 20 };
    const open = (dir: string, own: Partial<AuditLimits> = {}) =>
      new AuditLog(dir, source, { ...limits, ...own }, logger);
    return { chains, source, open };
  };
  const write = async (log: AuditLog, count: number) => {
    for (let at = 0; at < count; at++) await log.record(event);
    await log.close();
  };

  it('goes on after an entry that a crash cut off, and may be ahead of its anchor', async () => {
    const { open, source } = anchored();
    const dir = tempDir('audit');
    // A gateway that is killed says nothing more.
    const killed = open(dir);
    await killed.record(event);
    await killed.record(event);
    appendFileSync(join(dir, 'audit.jsonl'), '{"sequence":3,"at":"20');
    const log = open(dir);
    await write(log, 1);
    const chain = await source.openAuditChain({ gatewayId: log.id, oldKey: Buffer.alloc(0), oldSequence: 0 });
    expect(await verifyAudit(dir, chain)).toEqual({ entries: 3 });
    expect((await log.newest(10)).map(({ sequence }) => sequence)).toEqual([3, 2, 1]);
  });

  it('shows a changed entry, a beginning, an end and files that are missing', async () => {
    const { open, source } = anchored();
    const dir = tempDir('audit');
    const log = open(dir, { rotateBytes: 900 });
    await write(log, 12);
    const chain = await source.openAuditChain({ gatewayId: log.id, oldKey: Buffer.alloc(0), oldSequence: 0 });
    const files = readdirSync(dir)
      .filter((name) => name.endsWith('.jsonl'))
      .sort((a, b) => (a === 'audit.jsonl' ? 1 : b === 'audit.jsonl' ? -1 : a.localeCompare(b)));
    expect(files.length).toBeGreaterThan(2);
    const check = async (change: (copy: string) => void) => {
      const copy = tempDir('audit-copy');
      cpSync(dir, copy, { recursive: true });
      change(copy);
      return (await verifyAudit(copy, chain)).wrong;
    };
    const edit = (file: string, change: (lines: string[]) => string[]) => (copy: string) => {
      const path = join(copy, file);
      writeFileSync(
        path,
        change(readFileSync(path, 'utf8').trimEnd().split('\n'))
          .map((line) => `${line}\n`)
          .join(''),
      );
    };
    const last = files.at(-1) as string;
    expect(await check(() => {})).toBeUndefined();
    expect(await check(edit(files[0], (lines) => lines.map((line) => line.replace('"OK"', '"NO"'))))).toMatch(
      /changed/,
    );
    expect(await check(edit(files[0], (lines) => lines.slice(1)))).toMatch(/beginning is missing/);
    expect(await check(edit(last, (lines) => lines.slice(0, -1)))).toMatch(/end is missing/);
    for (const file of files) expect(await check((copy) => rmSync(join(copy, file)))).toMatch(/missing/);
    const removeAll = (copy: string) => {
      for (const file of files) rmSync(join(copy, file));
    };
    expect(await check(removeAll)).toMatch(/end is missing/);
  });

  it('keeps as many files as it may, and is whole without the older ones', async () => {
    const { open, source } = anchored();
    const dir = tempDir('audit');
    const log = open(dir, { rotateBytes: 900, keepFiles: 2 });
    await write(log, 20);
    expect(readdirSync(dir).filter((name) => /^audit-\d/.test(name)).length).toBeLessThanOrEqual(2);
    const chain = await source.openAuditChain({ gatewayId: log.id, oldKey: Buffer.alloc(0), oldSequence: 0 });
    expect(chain.anchor?.firstSequence).toBeGreaterThan(1);
    expect((await verifyAudit(dir, chain)).wrong).toBeUndefined();
  });

  it('an anchor never goes back', async () => {
    const { chains } = anchored();
    await chains.anchor('g', { firstSequence: 1, sequence: 5, mac: 'five' });
    for (const anchor of [
      { firstSequence: 1, sequence: 4, mac: 'four' },
      { firstSequence: 1, sequence: 5, mac: 'another' },
      { firstSequence: 0, sequence: 6, mac: 'six' },
    ])
      await expect(chains.anchor('g', anchor)).rejects.toMatchObject({ code: 'CONFLICT' });
    await chains.anchor('g', { firstSequence: 3, sequence: 6, mac: 'six' });
    expect(await chains.gateways()).toEqual(['g']);
  });

  it('takes over a log whose key lay beside it, and the key is gone from there', async () => {
    const { open, source } = anchored();
    const dir = tempDir('audit');
    const key = Buffer.alloc(32, 7);
    const unsigned = { sequence: 1, at: '2026-01-01T00:00:00.000Z', ...event, previous: 'the first entry' };
    writeFileSync(join(dir, 'audit.key'), key);
    writeFileSync(join(dir, 'audit.jsonl'), `${JSON.stringify({ ...unsigned, mac: macOf(key, unsigned) })}\n`);
    const log = open(dir);
    await write(log, 1);
    expect(existsSync(join(dir, 'audit.key'))).toBe(false);
    const chain = await source.openAuditChain({ gatewayId: log.id, oldKey: Buffer.alloc(0), oldSequence: 0 });
    expect(await verifyAudit(dir, chain)).toEqual({ entries: 2 });
  });

  it('a flood of refusals is counted exactly, by action and range of addresses, and writes little', async () => {
    const written: { action: string; address: string; target: string }[] = [];
    const flood = new AuditFlood((one) => written.push(one));
    const sent = 5_000;
    for (let at = 0; at < sent; at++) {
      const refusal = { action: at % 2 ? 'login' : 'registerUser', userId: '', who: '', result: 'RATE_LIMITED' };
      await flood.refused({ ...refusal, address: `10.1.${at % 3}.${at % 256}` }, 'r', () => 'somebody');
    }
    flood.tell();
    const counted = written.map(({ target }) => Number(/^(\d+) more/.exec(target)?.[1] ?? 1));
    expect(counted.reduce((sum, one) => sum + one, 0)).toBe(sent);
    expect(written.length).toBeLessThan(sent / 2);
    expect(new Set(written.filter(({ target }) => target.includes('more')).map(({ address }) => address))).toEqual(
      new Set(['10.1.0.0/24', '10.1.1.0/24', '10.1.2.0/24']),
    );
  });
});
