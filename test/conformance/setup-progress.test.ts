import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it, jest } from '@jest/globals';
// @ts-expect-error a script of this repository without types
import { CargoProgress } from '../../scripts/cargo-progress.mjs';
// @ts-expect-error a script of this repository without types
import { choose } from '../../scripts/native-core.mjs';
// @ts-expect-error a script of this repository without types
import { Progress } from '../../scripts/progress.mjs';

/** What cargo wrote to its standard error while it built four crates, and then one with a fault. */
const recorded = (name: string) => readFileSync(`test/conformance/recorded/${name}.txt`, 'utf8');

/** Everything shown of a step with the recorded build, with a clock that goes on `stepMs` for each part of the output. */
function shown(isTerminal: boolean, stepMs: number) {
  let written = '';
  let now = 0;
  const cargo = new CargoProgress();
  const write = (text: string) => (written += text);
  const progress = new Progress({ write, isTerminal, columns: () => 57, now: () => now });
  progress.expect(2);
  progress.begin('native core', () => String(cargo));
  for (const part of recorded('cargo-build').split(/(?<=\r)/)) {
    cargo.feed(part);
    now += stepMs;
    progress.tick();
  }
  cargo.end();
  progress.end();
  return written;
}

describe('what set-up shows', () => {
  it('says on a terminal, in one line that is written over, the step, its time and what is compiled, n of m', () => {
    const lines = shown(true, 1000).split('\r\x1b[K');
    expect(lines).toEqual([
      '',
      'setup: [1/2] native core 0:00',
      'setup: [1/2] native core 0:01  0 of 6 compiled, now memc',
      'setup: [1/2] native core 0:02  1 of 6 compiled, now libc',
      'setup: [1/2] native core 0:03  2 of 6 compiled, now libc',
      'setup: [1/2] native core 0:04  3 of 6 compiled, now libc',
      'setup: [1/2] native core 0:05  4 of 6 compiled, now libc',
      'setup: [1/2] native core 0:06  5 of 6 compiled, now reco',
      'setup: [1/2] native core 0:07  5 of 6 compiled, now reco',
      'setup: [1/2] native core done in 0:07\n',
    ]);
  });

  it('says it elsewhere in a line each half minute, without control characters', () => {
    expect(shown(false, 10_000).split('\n')).toEqual([
      'setup: [1/2] native core ...',
      'setup: [1/2] native core 0:30  2 of 6 compiled, now libc, memchr',
      'setup: [1/2] native core 1:00  5 of 6 compiled, now recorded(bin)',
      'setup: [1/2] native core done in 1:10',
      '',
    ]);
  });

  it('keeps of what cargo writes the warnings and errors alone, in whatever parts it comes', () => {
    for (const size of [1, 7, 100_000]) {
      const [built, failed] = ['cargo-build', 'cargo-build-failed'].map((name) => {
        const cargo = new CargoProgress();
        const text = recorded(name);
        for (let at = 0; at < text.length; at += size) cargo.feed(text.slice(at, at + size));
        cargo.end();
        return cargo;
      });
      expect(built.messages).toMatch(/^warning: unused variable: `unused`\n --> src\/main.rs:1:17\n/);
      expect(failed.messages).toMatch(/^error\[E0308\]: mismatched types\n[\s\S]*due to 1 previous error\n/);
      expect(built.messages + failed.messages).not.toMatch(/Compiling|Building|Finished|Locking/);
      expect(String(failed)).toBe('5 of 6 compiled, now recorded(bin)');
    }
  });
});

describe('what is missing to compile the native core', () => {
  it('is said with name, version and how to install it, all at once', () => {
    const program =
      "import('./scripts/requirements.mjs').then((m) => console.log(JSON.stringify(m.missingForCore('/'))))";
    const env = { PATH: '', LIBCLANG_PATH: '/nowhere/libclang.so' };
    const { stdout } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', env });
    const [least] = /(?<=^rust-version = ")[\d.]+/m.exec(readFileSync('Cargo.toml', 'utf8')) ?? [];
    const missing: { what: string; how: string; packages?: string[] }[] = JSON.parse(stdout);
    expect(missing.slice(0, 5)).toEqual([
      {
        what: `Rust ${least} or newer (rustc), for the native core`,
        how: expect.stringContaining('https://rustup.rs'),
      },
      { what: 'cargo, for the native core', how: expect.stringContaining('https://rustup.rs') },
      {
        what: 'a C compiler (cc), for RocksDB',
        how: expect.stringContaining('macOS: xcode-select'),
        packages: ['g++'],
      },
      { what: 'a C++ compiler (c++), for RocksDB', how: expect.stringContaining('Fedora: gcc-c++'), packages: ['g++'] },
      {
        what: 'libclang with its headers, for the bindings of RocksDB',
        how: expect.stringContaining('LIBCLANG_PATH'),
        packages: ['libclang-dev'],
      },
    ]);
  });
});

describe('where the native core comes from', () => {
  const found = { bytes: Buffer.from('code'), toolchain: '1.90.0', from: 'a package' };
  const none = { why: 'it is not installed' };
  it.each<[string, boolean, object, object]>([
    ['', false, found, { found }],
    ['', false, none, { why: 'it is not installed' }],
    ['prebuilt', false, found, { found }],
    ['source', false, found, { why: 'VECTRON_NATIVE_CORE is source' }],
    ['', true, found, { why: expect.stringContaining('tests') }],
  ])('with %j and tests %j', (choice, forTests, seen, outcome) => {
    expect(choose(choice, forTests, () => seen)).toEqual(outcome);
  });

  it.each<[string, boolean, string]>([
    ['prebuilt', false, 'VECTRON_NATIVE_CORE is prebuilt: it is not installed'],
    ['prebuilt', true, 'cannot be prebuilt'],
    ['no', false, 'VECTRON_NATIVE_CORE is source, prebuilt or nothing, not no'],
  ])('nothing stands for what %j with tests %j asks for', (choice, forTests, why) => {
    expect(() => choose(choice, forTests, () => none)).toThrow(why);
  });

  it.each([
    ['source', false],
    ['', true],
  ])('is not looked for with %j and tests %j', (choice, forTests) => {
    const find = jest.fn();
    choose(choice, forTests, find);
    expect(find).not.toHaveBeenCalled();
  });
});
