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
  const names = ['VECTRON_API_KEY', 'VECTRON_API_KEY_FILE', 'VECTRON_DATA'] as const;
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

  it('of a data directory that nobody named stays on this machine', () => {
    file('bootstrap.json', '{"apiKey":"of the data directory"}');
    const elsewhere = [
      ...['https://db.example', 'grpcs://db.example:8081', 'http://10.0.0.1:8080', 'http://[2001:db8::1]:8080'],
      ...[
        'http://127.0.0.1.example:8080',
        'http://localhost.example',
        'http://127.0.0.1@db.example',
        'http://0.0.0.0:1',
      ],
      ...['grpc://127.0.0.1.nip.io:8081', 'not an address'],
    ];
    for (const url of elsewhere) {
      expect([url, keyOf({ url })]).toEqual([url, undefined]);
      // Asked for by name.
      expect(apiKeyOf(loadConfig(clientKnobs, { url, data: dir }), { url, data: dir })).toBe('of the data directory');
    }
    process.env.VECTRON_DATA = dir;
    expect(apiKeyOf(loadConfig(clientKnobs, { url: elsewhere[0] }), {})).toBe('of the data directory');
    delete process.env.VECTRON_DATA;
    for (const url of ['http://127.0.0.1:8080', 'https://localhost:8080', 'grpc://127.0.0.1:8081', 'http://[::1]:8080'])
      expect([url, keyOf({ url })]).toEqual([url, 'of the data directory']);
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
