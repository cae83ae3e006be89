// What the bundles of all packages have in common.
import { existsSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { root } from './folders.mjs';

/** The native core is a package of its own, and code of this repository imports it from beside itself. */
export const NATIVE_CORE = '@vectron/engine';
export const nativeCore = {
  name: 'native-core',
  resolveId: (source) => (/(?:^|\/)native\/index\.js$/.test(source) ? { id: NATIVE_CORE, external: true } : null),
};

const builtIn = new Set(builtinModules);
const packageName = (id) => /^(?:@[^/]+\/)?[^/]+/.exec(id)[0];

/** Whether it is installed here: libraries also try to load what they can do without. */
const isInstalled = (name) => existsSync(join(root, 'node_modules', name));

/** Throws when a chunk imports a package that is not one of `dependencies`, or, unless it is for Node, a module of Node. */
export function checkImports(output, dependencies, isForNode = true) {
  const files = new Set(output.map(({ fileName }) => fileName));
  for (const { fileName, imports = [], dynamicImports = [] } of output) {
    for (const id of [...imports, ...dynamicImports]) {
      if (files.has(id) || (isForNode && (id.startsWith('node:') || builtIn.has(id)))) continue;
      const name = packageName(id);
      if (!(name in dependencies) && (!isForNode || isInstalled(name)))
        throw new Error(`${fileName} imports ${id}, which the package does not depend on`);
    }
  }
}

/** The files that a bundler put into what it wrote. */
export const modulesOf = (output) => output.flatMap(({ modules = {} }) => Object.keys(modules));

/** Bundles the entry points `input` (files by name) into `folder` as modules of the `format`; gives what was written. */
export async function bundle(folder, { input, platform, external, plugins, format = 'esm' }) {
  const made = await rolldown({ input, platform, external, plugins, onLog: () => {} });
  const { output } = await made.write({
    dir: folder,
    format,
    sourcemap: true,
    minify: platform === 'browser',
    entryFileNames: format === 'cjs' ? '[name].cjs' : '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
  });
  await made.close();
  return output;
}
