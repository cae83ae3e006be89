import { appendFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { createLogger } from '@vectron/observability';
import { AuditLog, verifyAudit } from './audit.js';

it('an audit log whose last entry a crash cut off goes on after the one before', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'vectron-audit-'));
  const event = { action: 'login', userId: 'u', who: 'a@b.c', address: '', target: '', result: 'OK', requestId: '' };
  const open = () => new AuditLog(dir, createLogger('test', 'fatal'));
  await open().record(event);
  appendFileSync(join(dir, 'audit.jsonl'), '{"sequence":2,"at":"20');
  await open().record(event);
  expect((await open().newest(10)).map(({ sequence }) => sequence)).toEqual([2, 1]);
  expect(await verifyAudit(dir)).toEqual({ entries: 2 });
});
