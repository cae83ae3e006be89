import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
// @ts-expect-error a script of this repository without types
import { PLATFORMS } from '../../scripts/addon.mjs';
// @ts-expect-error a script of this repository without types
import { checkSums, RELEASED, writeSums } from '../../scripts/release/archives.mjs';
// @ts-expect-error a script of this repository without types
import { CROSSED } from '../../scripts/release/compilers.mjs';
// @ts-expect-error a script of this repository without types
import { commonFields, manifest } from '../../scripts/release/folders.mjs';
// @ts-expect-error a script of this repository without types
import { reasonsAgainst } from '../../scripts/release/may-publish.mjs';
// @ts-expect-error a script of this repository without types
import { PYTHON_PACKAGES, PYTHON_RELEASED } from '../../scripts/release/python-archives.mjs';
import { faultsOfAny, faultsOfRelease } from './release-workflow.js';

const read = (path: string) => readFileSync(path, 'utf8');
const platforms = Object.keys(PLATFORMS);

describe('the release workflow', () => {
  const text = read('.github/workflows/release.yml');
  const faults = (changed = text) => faultsOfRelease(changed, platforms, CROSSED);
  const changed = (from: string | RegExp, to: string) => {
    const after = text.replace(from, to);
    expect(after).not.toBe(text);
    return faults(after);
  };

  it('publishes what all build and test jobs made and tried, with least permissions, by pinned actions, for all platforms', () => {
    expect(faults()).toEqual([]);
  });

  it.each<[string, string | RegExp, string, string]>([
    ['a test is not waited for', /(publish:\n +needs: \[build, packages), smoke/, '$1', 'publish needs'],
    [
      'it publishes from a branch',
      /(publish:\n[\s\S]*?if: )github.event_name == 'push' && [^\n]*/,
      '$1always()',
      'not for pushed tags',
    ],
    [
      'another job publishes',
      'packages.mjs --pack --all-platforms',
      'packages.mjs --all-platforms; npm publish',
      'jobs that publish',
    ],
    ['a Python is not tried', "'3.10', '3.11'", "'3.11'", 'it tries Python'],
    ['Python packages are not tried', '--try --without-server', '--check', 'python-smoke does not run'],
    [
      'Python packages are published unchecked',
      /(publish-python:[\s\S]*)python\.mjs --check/,
      '$1python.mjs --pack',
      'publish-python does not run',
    ],
    [
      'Python packages are published before npm has its own',
      'needs: [publish]\n',
      'needs: [python]\n',
      'does not wait for publish',
    ],
    [
      'another job publishes to PyPI',
      'python.mjs --pack',
      'python.mjs --pack; twine upload build/python/*',
      'publish to PyPI',
    ],
    ['nothing proves where a wheel was built', ' --attestations', '', 'without proof'],
    ['the rehearsal publishes', 'publish.mjs --dry-run', 'publish.mjs', 'jobs that publish'],
    ['an action is not pinned', /actions\/checkout@\w+ # v6.1.0/, 'actions/checkout@v6', 'is not pinned'],
    ['an action hides its version', / # v6\.1\.0/, '', 'does not say its version'],
    ['everything may be written', 'permissions:\n  contents: read', 'permissions: write-all', 'more permissions'],
    [
      'the build may prove where it was',
      /(build:\n)/,
      '$1    permissions: { id-token: write }\n',
      'build has permissions',
    ],
    [
      'the build gets the token of npm',
      'RUST: 1.95.0\njobs:\n  build:\n',
      'RUST: 1.95.0\njobs:\n  build:\n    env: { T: "secrets.NPM_TOKEN" }\n',
      'gets a secret',
    ],
    ['a platform is not built', /.*platform: darwin-x64, runner: macos-15-intel \}\n/, '', 'it builds'],
    ['an addon is not what is published', ' --profile dist', '', 'build does not run cross.mjs'],
    [
      'a platform is said to be of its machine',
      'platform: linux-x64-musl, runner: ubuntu-22.04, crossed: true',
      'platform: linux-x64-musl, runner: ubuntu-22.04',
      'it cross-compiles',
    ],
    ['a platform is not tried', 'linux-arm64-musl, darwin-x64, darwin-arm64]', 'darwin-x64, darwin-arm64]', 'it tries'],
    ['a Node is not tried', 'node: [20, 22, 24]', 'node: [22, 24]', 'it tries Node'],
    ['a test may be skipped', /(smoke:\n)/, '$1    if: false\n', 'smoke may be skipped'],
    ['a failed test is ignored', /(smoke:\n)/, '$1    continue-on-error: true\n', 'goes on after a failure'],
    ['it packs what happens to be there', ' --all-platforms', '', 'without all platforms'],
    [
      'it tries nothing',
      /node scripts\/release\/smoke\.mjs \$\{\{ matrix\.platform \}\}/,
      'true',
      'smoke does not run smoke.mjs',
    ],
    ['a job keeps the token', 'persist-credentials: false', 'persist-credentials: true', 'leaves the token'],
    [
      'pull requests start it',
      '  workflow_dispatch:\n',
      '  workflow_dispatch:\n  pull_request:\n',
      'it starts otherwise',
    ],
  ])('is refused when %s', (_, from, to, fault) => {
    expect(changed(from, to)).toContainEqual(expect.stringContaining(fault));
  });

  it('is for the platforms that packages, npm and Rust are told of', () => {
    const { napi } = JSON.parse(read('packages/engine/package.json'));
    const targets = Object.values<{ target: string }>(PLATFORMS).map(({ target }) => target);
    expect([...napi.targets].sort()).toEqual(targets.sort());
    expect(RELEASED).toHaveLength(platforms.length + 5);
    expect(PYTHON_RELEASED).toHaveLength(8);
    const folders = Object.values(PYTHON_PACKAGES as Record<string, { folder: string }>).map(({ folder }) => folder);
    expect(folders.sort()).toEqual(
      readdirSync('packages').filter((name) => existsSync(`packages/${name}/pyproject.toml`)),
    );
    for (const [name, { folder }] of Object.entries(PYTHON_PACKAGES as Record<string, { folder: string }>))
      expect(read(`packages/${folder}/pyproject.toml`)).toContain(`\nname = "${name}"\n`);
  });

  const others = readdirSync('.github/workflows').filter((file) => file !== 'release.yml');
  it.each(others)('is not alone in that: %s reads only, and runs actions of one commit', (file) => {
    expect(faultsOfAny(read(`.github/workflows/${file}`))).toEqual([]);
  });
});

describe('what may be published', () => {
  const sha = 'a'.repeat(40);
  const repository = 'https://github.com/o/n';
  const success = { head_sha: sha, event: 'push', status: 'completed', conclusion: 'success' };
  const good = {
    ref: 'refs/tags/v0.1.0',
    sha,
    slug: 'o/n',
    manifest: { version: '0.1.0', repository },
    runs: [success],
    files: RELEASED,
  };

  it('is a tag of this version, of a commit that CI tested, from the repository that package.json names', () => {
    expect(reasonsAgainst(good)).toEqual([]);
    const form = { type: 'git', url: 'git+https://github.com/O/n.git' };
    expect(reasonsAgainst({ ...good, manifest: { version: '0.1.0', repository: form } })).toEqual([]);
    expect(reasonsAgainst({ ...good, runs: [{ ...success, conclusion: 'failure' }, success] })).toEqual([]);
  });

  it.each<[string, object, RegExp]>([
    [
      'another version',
      { ref: 'refs/tags/v0.2.0' },
      /has version 0\.1\.0, and what was pushed is refs\/tags\/v0\.2\.0/,
    ],
    ['a branch', { ref: 'refs/heads/main' }, /what was pushed is refs\/heads\/main/],
    ['no repository', { manifest: { version: '0.1.0' } }, /names no repository, which npm compares/],
    [
      'another repository',
      { slug: 'fork/n' },
      /names https:\/\/github\.com\/o\/n as its repository, and this runs for .*fork\/n/,
    ],
    ['no run of CI', { runs: [] }, /CI did not run/],
    ['a run for another commit', { runs: [{ ...success, head_sha: 'b' }] }, /CI did not run/],
    ['a run for a pull request', { runs: [{ ...success, event: 'pull_request' }] }, /CI did not run/],
    ['a run that failed', { runs: [{ ...success, conclusion: 'failure' }] }, /no run of CI .* succeeded: failure/],
    [
      'a run that goes on',
      { runs: [{ ...success, status: 'in_progress', conclusion: null }] },
      /succeeded: in_progress/,
    ],
    ['an archive too few', { files: RELEASED.slice(1) }, /archives are missing: vectron-engine-linux-x64-gnu-/],
  ])('is not %s', (_, more, reason) => {
    expect(reasonsAgainst({ ...good, ...more })).toEqual([expect.stringMatching(reason)]);
  });
});

describe('the checksums of a release', () => {
  it('are of all files, and no file may differ, be missing or be there besides', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vectron-sums-'));
    try {
      const files = ['a.tgz', 'a.cdx.json'].map((name) => join(folder, name));
      for (const file of files) writeFileSync(file, file);
      writeSums(files, folder);
      expect(() => checkSums(folder)).not.toThrow();
      writeFileSync(files[0] as string, 'another');
      expect(() => checkSums(folder)).toThrow('a.tgz is not what SHA256SUMS says');
      rmSync(files[0] as string);
      expect(() => checkSums(folder)).toThrow('SHA256SUMS names what is not there: a.tgz');
      writeSums(files.slice(1), folder);
      writeFileSync(join(folder, 'more.tgz'), '');
      expect(() => checkSums(folder)).toThrow('more.tgz is not what SHA256SUMS says');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('what packages say of the project', () => {
  it('is the same in all, and what the repository says', () => {
    const workspaces = ['packages', 'apps'].flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`));
    const isNpm = (folder: string) => existsSync(`${folder}/package.json`);
    for (const folder of workspaces.filter(isNpm)) {
      const { version, license } = JSON.parse(read(`${folder}/package.json`));
      expect([folder, version, license]).toEqual([folder, manifest.version, manifest.license]);
    }
    // Those of Python; a module of Go names neither.
    const python = workspaces.filter((folder) => existsSync(`${folder}/pyproject.toml`));
    expect(python).not.toEqual([]);
    for (const folder of python) {
      const project = read(`${folder}/pyproject.toml`);
      const [, versionFile] = /^path = "(.*_version\.py)"$/m.exec(project) ?? [];
      expect(project).toContain(`license = "${manifest.license}"\n`);
      expect(versionFile === undefined ? project : read(`${folder}/${versionFile}`)).toMatch(
        new RegExp(`^(?:__version__|version) = "${manifest.version}"$`, 'm'),
      );
    }
    const others = workspaces.filter((folder) => !isNpm(folder) && !python.includes(folder));
    expect(others.filter((folder) => !existsSync(`${folder}/go.mod`))).toEqual([]);
    const cargo = read('Cargo.toml');
    expect(cargo).toContain(`version = "${manifest.version}"\n`);
    expect(cargo).toContain(`license = "${manifest.license}"\n`);
    const [, node] = /^>=(.*)$/.exec(manifest.engines.node) ?? [];
    expect(read('README.md')).toContain(`You need Node ${node} or newer`);
  });

  it('names an address when package.json does, and is without one until then', () => {
    const base = { version: '1.2.3', license: 'Apache-2.0', engines: { node: '>=20' } };
    const without = commonFields(base);
    expect(without).toMatchObject({ ...base, publishConfig: { access: 'public' } });
    expect(Object.keys(without)).not.toEqual(expect.arrayContaining(['repository']));
    expect(commonFields({ ...base, repository: 'https://host/o/n' })).toEqual({
      ...without,
      repository: { type: 'git', url: 'git+https://host/o/n.git' },
      homepage: 'https://host/o/n#readme',
      bugs: { url: 'https://host/o/n/issues' },
    });
  });
});
