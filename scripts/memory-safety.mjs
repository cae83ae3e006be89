// npm run memory-safety -- miri | asan: the slow checks of the core's memory safety, by command. Both need a nightly
// toolchain with rust-src and miri: `rustup toolchain install nightly -c miri -c rust-src`.
//
// miri: kernels (scalar path), arena and graph under the interpreter: no undefined behaviour. About twenty minutes.
// asan: the addon with the address sanitiser, under the engine's and the embedded home's tests. Compiles RocksDB once
// more, into a folder of its own: 15 minutes the first time.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { addonName, cache, root, run } from './setup.mjs';

const checks = {
  miri() {
    const env = {
      ...process.env,
      CARGO_TARGET_DIR: join(cache, 'target-miri'),
      // Tree borrows: crossbeam-epoch, under rayon, does not follow the older stacked rules.
      MIRIFLAGS: '-Zmiri-disable-isolation -Zmiri-ignore-leaks -Zmiri-tree-borrows -Zmiri-permissive-provenance',
    };
    run('cargo', ['+nightly', 'miri', 'test', '-p', 'vectron-kernels', '-p', 'vectron-hnsw', '--lib'], { env });
  },
  asan() {
    const target = execFileSync('rustc', ['-vV'], { encoding: 'utf8' }).match(/host: (\S+)/)[1];
    const directory = join(cache, 'target-asan');
    const env = { ...process.env, CARGO_TARGET_DIR: directory, RUSTFLAGS: '-Zsanitizer=address' };
    const build = ['+nightly', 'build', '-Zbuild-std', '--target', target, '-p', 'vectron-napi', '--release'];
    run('cargo', build, { env });
    // The tests load the addon from its place in the checkout: the plain one is put back afterwards.
    const place = join(root, 'packages/engine/native', addonName());
    const kept = join(directory, 'plain.node');
    mkdirSync(directory, { recursive: true });
    copyFileSync(place, kept);
    try {
      copyFileSync(join(directory, target, 'release', 'libvectron_napi.so'), place);
      const preload = execFileSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();
      const options = 'detect_leaks=0:detect_odr_violation=0:alloc_dealloc_mismatch=0';
      const sanitized = { ...process.env, LD_PRELOAD: preload, ASAN_OPTIONS: options };
      const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', '--runInBand'];
      const tests = [...jest, 'packages/engine', 'test/e2e/embedded'];
      process.exitCode =
        spawnSync(process.execPath, tests, { cwd: root, stdio: 'inherit', env: sanitized }).status ?? 1;
    } finally {
      copyFileSync(kept, place);
    }
  },
};

const check = checks[process.argv[2]];
if (check === undefined) {
  console.error('usage: npm run memory-safety -- miri | asan');
  process.exit(2);
}
check();
