// Which compilers make the native core for a platform, and where they come from. The platform that this runs on takes the system's; Linux on
// arm64 Debian's GCC for it, the same that makes linux-x64-gnu; musl Zig's Clang, which has musl and a static libc++ along
// (docs/adr/0057-addons-for-other-platforms.md).
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PLATFORMS, thisPlatform } from '../addon.mjs';
import { provide } from '../requirements.mjs';
import { cache, run } from '../setup.mjs';

/** From PyPI: Zig, and the cargo command that calls its compilers with what they understand. */
export const ZIG = { ziglang: '0.17.1', 'cargo-zigbuild': '0.24.1' };
/** RocksDB looks at run time whether the processor has these, where it is compiled with them: docs/adr/0057-addons-for-other-platforms.md. */
const ARM_CHECKSUMS = '-march=armv8-a+crc+crypto';

const has = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;

/** Debian packages of commands that are missing, as `provide` wants them. */
export const missingCommands = (commands) =>
  Object.entries(commands)
    .filter(([command]) => !has(command))
    .map(([command, debian]) => ({ what: command, how: 'your system', packages: [debian] }));

/** A folder beside the build cache with packages of PyPI; gives its `bin`. */
export function fromPyPI(name, packages) {
  const wanted = Object.entries(packages).map(([one, version]) => `${one}==${version}`);
  const folder = join(cache, `${name}-${Object.values(packages).join('-')}`);
  const bin = join(folder, 'bin');
  if (existsSync(join(folder, 'complete'))) return bin;
  run('python3', ['-m', 'venv', '--clear', folder]);
  run(join(bin, 'pip'), ['install', '-q', '--disable-pip-version-check', ...wanted]);
  execFileSync('touch', [join(folder, 'complete')]);
  return bin;
}

/** GCC for arm64 with Debian's names. */
function armGcc() {
  const of = (name) => `aarch64-linux-gnu-${name}`;
  return {
    commands: { [of('g++')]: 'g++-aarch64-linux-gnu', [of('objcopy')]: 'binutils-aarch64-linux-gnu' },
    provide: () => ({
      cargo: ['cargo'],
      objcopy: of('objcopy'),
      env: {
        CC_aarch64_unknown_linux_gnu: of('gcc'),
        CXX_aarch64_unknown_linux_gnu: of('g++'),
        AR_aarch64_unknown_linux_gnu: of('ar'),
        CXXFLAGS_aarch64_unknown_linux_gnu: ARM_CHECKSUMS,
        CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER: of('gcc'),
      },
    }),
  };
}

/** Zig for musl. The flag is added to those of .cargo/config.toml, which RUSTFLAGS would replace: without it there is no shared library. */
function zig(target, objcopy, packages, more = {}) {
  const name = target.toUpperCase().replaceAll('-', '_');
  return {
    commands: { python3: 'python3-venv', [objcopy]: packages },
    provide() {
      const bin = fromPyPI('zig', ZIG);
      return {
        cargo: [join(bin, 'cargo-zigbuild')],
        verbs: { build: 'zigbuild' },
        objcopy,
        env: {
          PATH: `${bin}:${process.env.PATH}`,
          CARGO_ZIGBUILD_PYTHON_PATH: join(bin, 'python'),
          [`CARGO_TARGET_${name}_RUSTFLAGS`]: '-C target-feature=-crt-static',
          ...more,
        },
      };
    },
  };
}

const CROSS = {
  'linux-arm64-gnu': armGcc(),
  'linux-x64-musl': zig(PLATFORMS['linux-x64-musl'].target, 'objcopy', 'binutils'),
  'linux-arm64-musl': zig(
    PLATFORMS['linux-arm64-musl'].target,
    'aarch64-linux-gnu-objcopy',
    'binutils-aarch64-linux-gnu',
    { CXXFLAGS_aarch64_unknown_linux_musl: '-mcpu=generic+crc+crypto' },
  ),
};

/** Platforms that are compiled on another. */
export const CROSSED = Object.keys(CROSS);

/**
 * What compiles for a platform: the command of cargo and its environment, `target` where it is not the compiler's own, and `objcopy`, which
 * macOS has none of. Installs what is missing. Throws for a platform that can be compiled on its own kind alone.
 */
export async function compilersFor(platform) {
  if (platform === thisPlatform())
    return { cargo: ['cargo'], env: {}, objcopy: platform.startsWith('linux-') ? 'objcopy' : undefined };
  const cross = CROSS[platform];
  if (cross === undefined || !thisPlatform().startsWith('linux-'))
    throw new Error(`an addon for ${platform} is built there, and this is ${thisPlatform()}`);
  await provide(missingCommands(cross.commands), () => missingCommands(cross.commands));
  const { target } = PLATFORMS[platform];
  const sysroot = execFileSync('rustc', ['--print', 'sysroot'], { encoding: 'utf8' }).trim();
  if (!existsSync(join(sysroot, 'lib/rustlib', target))) run('rustup', ['target', 'add', target]);
  return { ...cross.provide(), target };
}
