import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
// @ts-expect-error a script of this repository without types
import { clientContract, contractModule, NOT_CALLED } from '../../scripts/release/client-contract.mjs';

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

it('the client for browsers has every method that the SDK calls, and none that it does not', () => {
  const folder = 'packages/sdk/src';
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
  const text = files.map((file) => readFileSync(join(folder, file), 'utf8')).join('');
  const called = new Set(
    Array.from(text.matchAll(/\b(?:data|users|system)\.(\w+)/g), ([, name]) => name.toLowerCase()),
  );
  const services = Object.values(clientContract().services as Record<string, { name: string }[]>);
  const names = services.flat().map(({ name }) => name);
  expect(names.filter((name) => !called.has(name.toLowerCase()))).toEqual([]);
  expect([...(NOT_CALLED as Set<string>)].filter((name) => called.has(name.toLowerCase()))).toEqual([]);
});
