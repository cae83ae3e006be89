import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rolldown } from 'rolldown';
// @ts-expect-error a script of this repository without types
import { modulesOf } from '../../scripts/release/bundling.mjs';
// @ts-expect-error a script of this repository without types
import { checkSbom, sbomOf } from '../../scripts/release/sbom.mjs';

interface Part {
  name: string;
  group?: string;
  purl: string;
  hashes?: { alg: string; content: string }[];
  licenses: object[];
}
type Bill = { components: Part[]; metadata: object };

describe('the bill of materials of a package', () => {
  const root = resolve('.');
  let folder: string;
  let modules: string[];
  let bill: Bill;

  /** A package with a bundle of two libraries, one of which the other brings along. */
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'vectron-sbom-'));
    const about = {
      name: '@vectron/tried',
      version: '1.2.3',
      license: 'Apache-2.0',
      dependencies: { ws: '8.23.0' },
    };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(about));
    const input = join(folder, 'input.mjs');
    const from = (name: string) => JSON.stringify(join(root, 'node_modules', name));
    writeFileSync(
      input,
      `import pc from ${from('picocolors/picocolors.js')};\nexport { default } from ${from('p-limit/index.js')};\nconsole.log(pc.red(''));\n`,
    );
    const bundle = await rolldown({ input, platform: 'node' });
    const { output } = await bundle.write({ dir: join(folder, 'out'), sourcemap: true, sourcemapIgnoreList: false });
    await bundle.close();
    modules = modulesOf(output);
    bill = JSON.parse(sbomOf({ folder, modules }));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const without = (name: string) => ({ ...bill, components: bill.components.filter((part) => part.name !== name) });
  const checked = (what: object) => checkSbom(folder, JSON.stringify(what));

  it('lists what was bundled, with licence and digest, and what is installed beside it', async () => {
    expect(bill.components.map(({ name }) => name).sort()).toEqual(['p-limit', 'picocolors', 'ws', 'yocto-queue']);
    for (const { hashes, licenses, purl } of bill.components) {
      expect(hashes).toEqual([{ alg: 'SHA-512', content: expect.stringMatching(/^[0-9a-f]{128}$/) }]);
      expect(licenses).toHaveLength(1);
      expect(purl).toMatch(/^pkg:npm\/[\w-]+@\d/);
    }
    await expect(checked(bill)).resolves.toEqual({ listed: 4, shown: 3 });
  });

  it.each(['picocolors', 'yocto-queue'])(
    'is refused when %s, which the bundle contains, is not in it',
    async (name) => {
      await expect(checked(without(name))).rejects.toThrow(new RegExp(`lacks what its files show: pkg:npm/${name}@`));
    },
  );

  it('is refused when a folder of vendored files is not in it', async () => {
    const vendor = join(folder, 'vendor/@grpc/reflection');
    mkdirSync(vendor, { recursive: true });
    try {
      await expect(checked(bill)).rejects.toThrow('pkg:npm/%40grpc/reflection@');
      const vendored = JSON.parse(sbomOf({ folder, modules, vendored: ['@grpc/reflection'] }));
      await expect(checked(vendored)).resolves.toEqual({ listed: 5, shown: 4 });
    } finally {
      rmSync(join(folder, 'vendor'), { recursive: true });
    }
  });

  it('is refused when a crate whose paths the machine code has is not in it, or the code shows none', async () => {
    const addon = join(folder, 'some.node');
    try {
      writeFileSync(
        addon,
        '\0\0/home/u/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/librocksdb-sys-0.19.0+11.8.1/src/lib.rs\0',
      );
      await expect(checked(bill)).rejects.toThrow('pkg:cargo/librocksdb-sys@0.19.0');
      writeFileSync(addon, '\0crates/vectron-shard/src/lib.rs\0crates/base2histogram/src/lib.rs\0');
      await expect(checked(bill)).rejects.toThrow(/lacks what its files show: pkg:cargo\/base2histogram@\d\S+$/);
      rmSync(join(folder, 'out'), { recursive: true });
      writeFileSync(addon, '\0stripped of all paths\0');
      await expect(checked(bill)).rejects.toThrow('does not show which crates');
    } finally {
      rmSync(addon);
    }
  });

  it('is refused when it is no CycloneDX', async () => {
    await expect(checked({ ...bill, components: [{ name: 'nameless' }] })).rejects.toThrow('is not valid');
  });
});
