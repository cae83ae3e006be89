import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
// @ts-expect-error a script of this repository without types
import { clientContract, contractModule } from '../../scripts/release/client-contract.mjs';

it('the contract of the client for browsers has everything that a client reads of the contract', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-contract-'));
  try {
    const file = join(folder, 'contract.mjs');
    writeFileSync(file, contractModule());
    const { CONTRACT } = await import(file);
    expect(JSON.parse(JSON.stringify(CONTRACT))).toEqual(JSON.parse(JSON.stringify(clientContract())));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
