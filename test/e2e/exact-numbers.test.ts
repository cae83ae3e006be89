import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
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
});
