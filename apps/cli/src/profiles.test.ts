import { chmodSync, mkdirSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { apiKeyOf, type ClientOptions, clientConfig } from './client.js';
import { chooseProfile, keepProfile, profilesFile, readProfiles, removeProfile } from './profiles.js';

const VARIABLES = [
  'VECTRON_PROFILE',
  'VECTRON_URL',
  'VECTRON_API_KEY',
  'VECTRON_API_KEY_FILE',
  'VECTRON_DATA',
] as const;
const home = { url: 'https://home.example', apiKey: 'key of home' };
const work = { url: 'grpcs://work.example', apiKey: 'key of work', caFile: '/etc/work.pem' };

describe('profiles', () => {
  const before = process.env.XDG_CONFIG_HOME;
  beforeEach(() => {
    process.env.XDG_CONFIG_HOME = mkdtempSync(join(tmpdir(), 'vectron-profiles-'));
  });
  afterEach(() => {
    if (before === undefined) delete process.env.XDG_CONFIG_HOME;
    else process.env.XDG_CONFIG_HOME = before;
    for (const name of VARIABLES) delete process.env[name];
  });

  /** Which server a command would ask, and what it would show it. */
  const sent = (options: ClientOptions) => {
    const config = clientConfig(options);
    return [config.url, apiKeyOf({ ...config, data: '/nowhere' }, options)];
  };

  it('are kept where their owner alone can read them, and the last one that was made or chosen is used', () => {
    keepProfile('home', home);
    keepProfile('work', work);
    expect(statSync(profilesFile()).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(profilesFile())).mode & 0o777).toBe(0o700);
    expect(sent({})).toEqual([work.url, work.apiKey]);
    expect(clientConfig({}).caFile).toBe(work.caFile);
    chooseProfile('home');
    expect(sent({})).toEqual([home.url, home.apiKey]);
    expect(sent({ profile: 'work' })).toEqual([work.url, work.apiKey]);
    process.env.VECTRON_PROFILE = 'work';
    expect(sent({})).toEqual([work.url, work.apiKey]);
    removeProfile('home');
    expect(readProfiles()).toEqual({ version: 1, profiles: { work } });
  });

  it('never lend their key to another server, nor their server another key', () => {
    keepProfile('home', home);
    expect(sent({ url: 'http://other' })).toEqual(['http://other', undefined]);
    expect(sent({ apiKey: 'mine' })).toEqual(['http://127.0.0.1:8080', 'mine']);
    process.env.VECTRON_API_KEY = 'of the environment';
    expect(sent({})).toEqual(['http://127.0.0.1:8080', 'of the environment']);
    // A profile that is asked for by a flag stands before the environment.
    expect(sent({ profile: 'home' })).toEqual([home.url, home.apiKey]);
    delete process.env.VECTRON_API_KEY;
    process.env.VECTRON_PROFILE = 'home';
    expect(sent({ url: 'http://other' })).toEqual(['http://other', undefined]);
    process.env.VECTRON_URL = 'http://third';
    expect(() => sent({})).toThrow('VECTRON_PROFILE cannot be combined with VECTRON_URL or VECTRON_API_KEY');
    expect(() => sent({ profile: 'home', url: 'http://other' })).toThrow('use either --profile or --url, not both');
    expect(() => sent({ profile: 'home', apiKeyFile: 'x' })).toThrow(
      'use either --profile or --api-key-file, not both',
    );
  });

  it('are refused when others can read them, when they are damaged, and when there is none of the name', () => {
    expect(() => sent({ profile: 'none' })).toThrow('no profile none; there are none yet: vectron login makes one');
    keepProfile('home', home);
    expect(() => sent({ profile: 'constructor' })).toThrow('no profile constructor; there are home');
    expect(() => keepProfile('../x', home)).toThrow('the name of a profile must have 1 to 64 letters');
    chmodSync(profilesFile(), 0o640);
    expect(() => sent({})).toThrow(`chmod 600 ${profilesFile()}`);
    expect(() => keepProfile('work', work)).toThrow('other users can read or change');
    chmodSync(profilesFile(), 0o600);
    for (const text of [
      '',
      '{',
      '{"version":2,"profiles":{}}',
      '{"version":1,"profiles":{"a":{"url":"x","apiKey":"secret1"}},"more":1}',
    ]) {
      mkdirSync(dirname(profilesFile()), { recursive: true });
      writeFileSync(profilesFile(), text);
      let message = '';
      try {
        sent({});
      } catch (error) {
        message = (error as Error).message;
      }
      expect(message).toBe(`${profilesFile()} is damaged: delete it, and log in again`);
    }
  });
});
