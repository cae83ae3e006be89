import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { apiKeyOf, type ClientOptions } from './client.js';
import { clientKnobs, loadConfig } from './config.js';

describe('the API key of a command', () => {
  const dir = mkdtempSync(join(tmpdir(), 'vectron-key-'));
  const file = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  const keyOf = (options: ClientOptions) => apiKeyOf(loadConfig(clientKnobs, { data: dir, ...options }), options);
  const names = ['VECTRON_API_KEY', 'VECTRON_API_KEY_FILE'] as const;
  afterEach(() => {
    for (const name of names) delete process.env[name];
  });

  it('is the one of a flag, of the environment, or of the data directory, in this order', () => {
    expect(keyOf({})).toBeUndefined();
    file('bootstrap.json', '{"apiKey":"of the data directory"}');
    expect(keyOf({})).toBe('of the data directory');
    process.env.VECTRON_API_KEY_FILE = file('variable.key', 'file-of-variable\n');
    expect(keyOf({})).toBe('file-of-variable');
    process.env.VECTRON_API_KEY = 'variable';
    expect(keyOf({})).toBe('variable');
    expect(keyOf({ apiKeyFile: file('flag.key', '\n  file-of-flag \n and more\n') })).toBe('file-of-flag');
    expect(keyOf({ apiKey: 'flag' })).toBe('flag');
  });

  it('is refused when there are two, and when the file has none or is not there', () => {
    const wrong = (message: string) => expect.objectContaining({ code: 'INVALID_ARGUMENT', message });
    const both = { apiKey: 'a', apiKeyFile: file('a.key', 'a') };
    expect(() => keyOf(both)).toThrow(wrong('use either --api-key-file or --api-key, not both'));
    const empty = file('empty.key', ' \n');
    expect(() => keyOf({ apiKeyFile: empty })).toThrow(
      wrong(`the file ${empty} contains no API key; pass a file written by --out`),
    );
    expect(() => keyOf({ apiKeyFile: join(dir, 'none') })).toThrow(/cannot be read: ENOENT/);
  });
});
