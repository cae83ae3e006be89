import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
// @ts-expect-error a script of this repository without types
import { thisPlatform } from '../../scripts/addon.mjs';
// @ts-expect-error a script of this repository without types
import { findPrebuilt } from '../../scripts/prebuilt-core.mjs';

const PLATFORM: string = thisPlatform();
const NAME = `@vectron/engine-${PLATFORM}`;
const DIGEST = 'd'.repeat(64);
/** Machine code that this machine loads, and that is small. */
const CODE = readFileSync(createRequire(import.meta.url).resolve(`@node-rs/crc32-${PLATFORM}`));

const PROMISED = `sha512-${createHash('sha512').update('promised').digest('base64')}`;

/** A registry with one package, in a process of its own because what is tried waits for npm. Gives its port on its output. */
const REGISTRY = `
const { createReadStream, existsSync } = require('node:fs');
require('node:http').createServer((request, response) => {
  const file = process.argv[1] + (request.url.endsWith('.tgz') ? '/core.tgz' : '/about.json');
  if (!existsSync(file)) return response.writeHead(404).end('{}');
  createReadStream(file).pipe(response);
}).listen(0, '127.0.0.1', function () { console.log(this.address().port); });
`;

interface Options {
  version?: string;
  sources?: string;
  code?: Buffer | string;
}

describe('a prebuilt native core', () => {
  let base: string;
  let checkout: string;
  let published: string;
  let registry: ChildProcess;
  let address: string;

  const manifestOf = ({ version = '0.1.0', sources = DIGEST }: Options) => ({
    name: NAME,
    version,
    main: 'core.node',
    vectron: { sources, toolchain: '1.90.0' },
  });

  /** A package in a folder, as npm would unpack it. */
  const writePackage = (folder: string, options: Options) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifestOf(options)));
    writeFileSync(join(folder, 'core.node'), options.code ?? CODE);
  };
  const wanted = { platform: PLATFORM, version: '0.1.0', digest: DIGEST };
  const look = () => findPrebuilt({ ...wanted, folder: checkout, cache: join(base, 'cache') });
  const install = (options: Options = {}) => writePackage(join(checkout, 'node_modules', NAME), options);
  const trust = (url = address) => writeFileSync(join(checkout, '.npmrc'), `@vectron:registry=${url}\n`);

  /** What the registry says of the package, and promises of its archive. */
  const announce = (options: Options, integrity: string) => {
    const about = { ...manifestOf(options), dist: { tarball: `${address}core.tgz`, integrity } };
    const versions = { [about.version]: about };
    const document = { name: NAME, 'dist-tags': { latest: about.version }, versions };
    writeFileSync(join(published, 'about.json'), JSON.stringify(document));
  };
  const publish = (options: Options = {}) => {
    const folder = join(base, 'package');
    writePackage(folder, options);
    const printed = execFileSync('npm', ['pack', '--json'], { cwd: folder, encoding: 'utf8' });
    const [{ filename, integrity }] = JSON.parse(printed);
    renameSync(join(folder, filename), join(published, 'core.tgz'));
    announce(options, integrity);
  };

  const before = process.env.npm_config_cache;
  const restore = () => {
    if (before === undefined) delete process.env.npm_config_cache;
    else process.env.npm_config_cache = before;
  };

  beforeAll(async () => {
    published = mkdtempSync(join(tmpdir(), 'vectron-published-'));
    registry = spawn(process.execPath, ['-e', REGISTRY, published], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [port] = await once(registry.stdout as NodeJS.ReadableStream, 'data');
    address = `http://127.0.0.1:${String(port).trim()}/`;
  });
  afterAll(async () => {
    restore();
    const ended = once(registry, 'exit');
    registry.kill();
    await ended;
    rmSync(published, { recursive: true });
  });
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'vectron-prebuilt-'));
    checkout = join(base, 'checkout');
    mkdirSync(checkout);
    copyFileSync('package.json', join(checkout, 'package.json'));
    // npm's own store knows archives by what they should contain, whatever the registry sends.
    process.env.npm_config_cache = join(base, 'npm');
  });
  afterEach(() => {
    rmSync(base, { recursive: true });
    for (const file of ['core.tgz', 'about.json']) rmSync(join(published, file), { force: true });
  });

  it('is used when it is installed and made of the same sources', () => {
    install();
    const found = look();
    expect(found.from).toMatch(/^@vectron\/engine-\S+ 0\.1\.0, installed in /);
    expect([found.toolchain, CODE.equals(found.bytes)]).toEqual(['1.90.0', true]);
  });

  it.each<[string, Options, RegExp]>([
    ['of other sources', { sources: 'e'.repeat(64) }, /made of other sources \(e{22}\) than these \(d{22}\)/],
    ['of another version', { version: '0.0.9' }, /it is version 0\.0\.9, and this is 0\.1\.0/],
    ['that cannot be loaded', { code: 'no machine code' }, /this machine cannot load it: .*Error/],
  ])('is not used when it is installed and is one %s', (_, options, why) => {
    install(options);
    expect(look()).toEqual({ why: expect.stringMatching(why) });
  });

  it('is not asked for when nothing says who publishes it', () => {
    announce({}, PROMISED);
    expect(look()).toEqual({
      why: expect.stringMatching(/is not installed; no registry is asked, because package\.json/),
    });
  });

  it('is fetched from the registry that the settings of npm name for it, and kept', () => {
    publish();
    trust();
    expect(look().from).toBe(`${NAME} 0.1.0, fetched from ${address}`);
    rmSync(join(published, 'about.json'));
    const found = look();
    expect(found.from).toMatch(/ 0\.1\.0, fetched before, in /);
    expect(CODE.equals(found.bytes)).toBe(true);
  });

  it('is not fetched when it was made of other sources', () => {
    announce({ sources: 'e'.repeat(64) }, PROMISED);
    trust();
    expect(look()).toEqual({ why: expect.stringMatching(/@0\.1\.0 of http:\S+: it was made of other sources/) });
  });

  it('is not kept when this machine cannot load it', () => {
    publish({ code: 'no machine code' });
    trust();
    expect(look()).toEqual({ why: expect.stringMatching(/fetched from \S+: this machine cannot load it: /) });
    expect(existsSync(join(base, 'cache/prebuilt', `engine-${PLATFORM}-${DIGEST.slice(0, 16)}`))).toBe(false);
  });

  it('is not used when the archive is not what the registry promised', () => {
    announce({}, PROMISED);
    writeFileSync(join(published, 'core.tgz'), 'another archive');
    trust();
    expect(look()).toEqual({ why: expect.stringMatching(/could not be fetched from .*EINTEGRITY/) });
  });

  it('is missed in words when the registry does not have it or cannot be reached', () => {
    trust();
    expect(look()).toEqual({ why: expect.stringMatching(/ has no @vectron\/engine-\S+@0\.1\.0$/) });
    trust('http://127.0.0.1:9/');
    expect(look()).toEqual({ why: expect.stringMatching(/could not be asked for @vectron\/\S+: .*ECONNREFUSED/) });
  });

  it('is not looked for on a platform that has none', () => {
    expect(findPrebuilt({ ...wanted, platform: 'win32-x64', folder: checkout, cache: base })).toEqual({
      why: 'there is no package for win32-x64',
    });
  });
});
