import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { tempDir } from '../harness/system.js';

interface Locked {
  readonly hasInstallScript?: boolean;
  readonly link?: boolean;
}

const json = (file: string) => JSON.parse(readFileSync(file, 'utf8'));

describe('an installation', () => {
  it('runs no script of a dependency: none is allowed, and npm is told so in every way it knows', () => {
    const { packages } = json('package-lock.json') as { packages: Record<string, Locked> };
    const { allowScripts } = json('package.json') as { allowScripts: Record<string, boolean> };
    const having = Object.entries(packages).filter(([, { hasInstallScript }]) => hasInstallScript);
    const names = having.map(([path]) => path.replace(/^.*node_modules\//, ''));
    expect(names.filter((name) => allowScripts[name] !== false && name !== 'fsevents')).toEqual([]);
    expect(Object.values(allowScripts)).not.toContain(true);
    expect(readFileSync('.npmrc', 'utf8')).toMatch(/^ignore-scripts=true$/m);
    expect(readFileSync('scripts/setup.mjs', 'utf8')).toContain("['ci', '--ignore-scripts'");
    // Telemetry that swagger-ui-dist and spectral depend on: an empty package of this repository stands in its place.
    expect(packages['node_modules/@scarf/scarf']).toMatchObject({ link: true });
  });

  it('of a dependency whose script writes a file leaves no file, whatever npm this is', () => {
    const dir = tempDir('install');
    const [dependency, project] = ['dependency', 'project'].map((name) => join(dir, name));
    for (const one of [dependency, project]) mkdirSync(one);
    const proof = join(dir, 'the-script-ran');
    const scripts = { postinstall: `node -e "require('fs').writeFileSync('${proof}', '')"` };
    writeFileSync(join(dependency, 'package.json'), JSON.stringify({ name: 'curious', version: '1.0.0', scripts }));
    const npm = (cwd: string, ...args: string[]) => {
      const { status, stderr } = spawnSync('npm', [...args, '--offline', '--no-audit', '--no-fund'], {
        cwd,
        encoding: 'utf8',
      });
      expect([args, status, status === 0 ? '' : stderr]).toEqual([args, 0, '']);
    };
    npm(dependency, 'pack', '--pack-destination', dir);
    const needs = { curious: `file:${join(dir, 'curious-1.0.0.tgz')}` };
    const manifest = { name: 'project', version: '1.0.0', dependencies: needs };
    // With everything allowed, it runs: so that this test can fail.
    writeFileSync(join(project, 'package.json'), JSON.stringify({ ...manifest, allowScripts: { curious: true } }));
    npm(project, 'install', '--ignore-scripts=false');
    expect(existsSync(proof)).toBe(true);
    rmSync(proof);
    copyFileSync('.npmrc', join(project, '.npmrc'));
    for (const args of [['ci'], ['install'], ['rebuild']]) {
      if (args[0] !== 'rebuild') rmSync(join(project, 'node_modules'), { recursive: true });
      npm(project, ...args);
      expect([args, existsSync(proof)]).toEqual([args, false]);
    }
  });
});

/** A folder for PATH with stand-ins for what set-up looks for: each prints the line given. */
function tools(lines: Record<string, string>): string {
  const dir = tempDir('tools');
  for (const [name, line] of Object.entries(lines)) {
    writeFileSync(
      join(dir, name),
      `#!/bin/sh\necho "$(/usr/bin/basename "$0") $*" >> ${join(dir, 'calls')}\necho '${line}'\n`,
    );
    chmodSync(join(dir, name), 0o755);
  }
  return dir;
}

const ALL = {
  npm: '11.0.0',
  rustc: 'rustc 1.95.0 (f2d3ce0bd 2026-03-21)',
  cargo: 'cargo 1.95.0',
  cc: 'cc',
  'c++': 'c++',
};
const without = (name: keyof typeof ALL) => Object.fromEntries(Object.entries(ALL).filter(([one]) => one !== name));
const calls = (path: string) => (existsSync(join(path, 'calls')) ? readFileSync(join(path, 'calls'), 'utf8') : '');
const INJECTED = (code: string) => `--import data:text/javascript,${encodeURIComponent(code)}`;

/** The set-up of a checkout that has no native core yet: with one of its sources, nothing that compiles it is missed. */
const SET_UP = (() => {
  const dir = tempDir('checkout');
  for (const name of ['scripts', 'package.json', 'package-lock.json', '.npmrc', 'Cargo.toml', 'Cargo.lock'])
    cpSync(name, join(dir, name), { recursive: true });
  return join(dir, 'scripts/setup.mjs');
})();

function setUp(path: string, args: string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SET_UP, ...args], {
    env: { PATH: path, HOME: process.env.HOME, LIBCLANG_PATH: '/usr/lib', ...env },
    encoding: 'utf8',
  });
  return { status, said: stdout + stderr };
}

describe('set-up', () => {
  it('says at once what is missing, each by its name and where it comes from', () => {
    expect(setUp(tools(ALL), ['--check'])).toMatchObject({
      status: 0,
      said: expect.stringContaining('everything that set-up needs is there'),
    });
    for (const [name, said] of [
      ['npm', 'missing: npm'],
      ['rustc', 'missing: Rust 1.90 or newer (rustc)'],
      ['cargo', 'missing: cargo'],
      ['cc', 'missing: a C compiler (cc)'],
      ['c++', 'missing: a C++ compiler (c++)'],
    ] as const) {
      const seen = setUp(tools(without(name)), ['--check']);
      expect([name, seen]).toEqual([name, { status: 1, said: expect.stringContaining(said) }]);
    }
    // All of it together, from a machine that has nothing but Node; and the set-up itself ends with the same.
    for (const args of [['--check'], []]) {
      const { status, said } = setUp(tools({}), args);
      expect([status, said.match(/^setup: missing: /gm)?.length]).toEqual([1, 5]);
    }
  });

  it('says when what is there is too old, or there is no room', () => {
    const old = setUp(tools({ ...ALL, rustc: 'rustc 1.80.0 (051478957 2024-07-21)' }), []);
    expect(old).toMatchObject({ status: 1, said: expect.stringContaining('Rust 1.90 or newer: this is 1.80.0') });
    const noClang = setUp(tools(ALL), [], { LIBCLANG_PATH: '/nowhere' });
    expect(noClang).toMatchObject({ status: 1, said: expect.stringContaining('missing: libclang') });
    const oldNode = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.18.3' } })";
    const node = setUp(tools(ALL), [], { NODE_OPTIONS: INJECTED(oldNode) });
    expect(node).toMatchObject({ status: 1, said: expect.stringContaining('Node 20.19 or newer: this is 20.18.3') });
    const fullDisk =
      "import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module'; fs.statfsSync = () => ({ bavail: 1000, bsize: 4096 }); syncBuiltinESMExports()";
    const env = { NODE_OPTIONS: INJECTED(fullDisk), VECTRON_BUILD_CACHE: join(tempDir('cache'), 'new') };
    expect(setUp(tools(ALL), [], env)).toMatchObject({
      status: 1,
      said: expect.stringContaining('of free disk for the first build'),
    });
  });

  it('installs no system package without being told to: it prints the command and ends', () => {
    const path = tools({ ...without('c++'), 'apt-get': 'apt', sudo: 'sudo' });
    for (const consent of ['', 'no']) {
      const { status, said } = setUp(path, [], { VECTRON_SETUP_SYSTEM_PACKAGES: consent });
      expect([status, said]).toEqual([1, expect.stringMatching(/to install: (sudo )?apt-get install -y g\+\+/)]);
    }
    expect(calls(path)).not.toMatch(/apt-get (update|install)|sudo/);
    const wrong = setUp(path, [], { VECTRON_SETUP_SYSTEM_PACKAGES: 'perhaps' });
    expect(wrong).toMatchObject({ status: 1, said: expect.stringContaining('is yes or no, not perhaps') });
  });

  it('installs them when it is told to, and looks whether they are there then', () => {
    const path = tools({ ...without('c++'), 'apt-get': 'apt', sudo: 'sudo' });
    const { status, said } = setUp(path, [], { VECTRON_SETUP_SYSTEM_PACKAGES: 'yes' });
    expect(calls(path)).toMatch(/apt-get install -y -qq g\+\+/);
    expect([status, said]).toEqual([1, expect.stringContaining('still missing: a C++ compiler')]);
    expect(readFileSync('.ci/run', 'utf8')).toContain('VECTRON_SETUP_SYSTEM_PACKAGES');
  });

  it('asks at a terminal, and does what the answer says', () => {
    for (const [answer, ran] of [
      ['n', false],
      ['y', true],
    ] as const) {
      const path = tools({ ...without('c++'), 'apt-get': 'apt', sudo: 'sudo' });
      // A terminal of its own.
      const { stdout } = spawnSync('/usr/bin/script', ['-qec', `'${process.execPath}' '${SET_UP}'`, '/dev/null'], {
        env: { PATH: path, HOME: process.env.HOME, LIBCLANG_PATH: '/usr/lib', SHELL: '/bin/sh' },
        input: `${answer}\n`,
        encoding: 'utf8',
      });
      expect(stdout).toMatch(/run "(sudo )?apt-get install -y g\+\+" now\? \[y\/N\]/);
      expect([answer, /apt-get install -y -qq g\+\+/.test(calls(path))]).toEqual([answer, ran]);
    }
  });
});

describe('the check of advisories', () => {
  /** A folder for PATH with a cargo that is the shell script given, and an npm whose audit has no answer. */
  const withCargo = (script: string) => {
    const path = tools({ npm: '{}' });
    writeFileSync(join(path, 'cargo'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return path;
  };
  const check = (path: string, env: Record<string, string> = {}) => {
    const { status, stdout } = spawnSync(process.execPath, ['scripts/advisories.mjs'], {
      env: { PATH: path, ...env },
      encoding: 'utf8',
    });
    return { status, stdout };
  };

  it('is no pass where it could not be made, and says why', () => {
    for (const [cargo, why] of [
      ['exit 101', 'cargo-deny is not installed'],
      ['case "$*" in *check*advisories*) echo "cannot fetch" >&2; exit 1;; *) echo "{}";; esac', 'cannot fetch'],
    ]) {
      const { status, stdout } = check(withCargo(cargo));
      expect([status, stdout]).toEqual([2, expect.stringContaining('crates: NOT CHECKED')]);
      expect(stdout).toContain(why);
      expect(stdout).not.toContain('passed');
    }
    const { status, stdout } = check(withCargo('echo "{}"'), { VECTRON_ADVISORY_DB: '/nowhere' });
    expect([status, stdout]).toEqual([2, expect.stringContaining('/nowhere is no clone')]);
  });

  it('fails for what it finds, and passes when there is nothing', () => {
    const found =
      'case "$*" in *check*advisories*) echo "error[vulnerability]: a fault" >&2; exit 1;; *) echo "{}";; esac';
    expect(check(withCargo(found))).toEqual({ status: 1, stdout: expect.stringContaining('crates: FAILED') });
    expect(check(withCargo('echo "{}"')).stdout).toContain('crates: passed');
  });
});
