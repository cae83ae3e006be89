// Writes apps/cli/bundle: the command line and its services with the JavaScript of all dependencies in few files, of what
// `tsc -b` made. Loading 1,600 modules one by one takes Node two to three seconds of CPU; the bundle takes a quarter of that.
// apps/cli/bin/vectron.js uses it while it is as new as what it was made of, and otherwise what `tsc -b` made.
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(root, 'apps/cli/bundle');
const entry = join(root, 'apps/cli/dist/main.js');

/** What loads machine code finds it beside its own files. */
const NATIVE = /^(?:@node-rs\/.*|libsql)$|\/native\/index\.js$/;

/** At the head of every file of the bundle; see `addresses`. */
const BANNER = `import { fileURLToPath as __bundlePath } from 'node:url';
const __bundleUrl = import.meta.url;`;

/** The bundle's files lie in one folder: `there` as a path from it. */
const fromBundle = (there) => relative(folder, there).replaceAll('\\', '/');

/**
 * Modules go on finding what lies beside them: their own address is that of the file they were, not of the bundle. A file
 * that a thread is started from, `new URL('./x.js', import.meta.url)`, becomes one of the bundle.
 */
const addresses = (placed) => ({
  name: 'addresses',
  transform(code, id) {
    const textOf = (there) => JSON.stringify(placed(fromBundle(there)));
    if (!/\.(?:js|cjs|mjs)$/.test(id)) return null;
    let text = code.replace(/new URL\(\s*'(\.\/[\w./-]+\.js)',\s*import\.meta\.url\s*,?\s*\)/g, (whole, path) => {
      const file = join(dirname(id), path);
      if (!existsSync(file)) return whole;
      const reference = this.emitFile({ type: 'chunk', id: file });
      return `new URL(import.meta.ROLLUP_FILE_URL_${reference})`;
    });
    text = text.replace(/\bimport\.meta\.url\b/g, `new URL(${textOf(id)}, __bundleUrl).href`);
    const path = (file) => `__bundlePath(new URL(${textOf(file)}, __bundleUrl))`;
    const own = (name) => text.includes(name) && !new RegExp(`\\b(?:const|let|var) ${name}\\b`).test(text);
    if (own('__filename')) text = `var __filename = ${path(id)}; ${text}`;
    if (own('__dirname')) text = `var __dirname = ${path(dirname(id))}; ${text}`;
    return text === code ? null : { code: text };
  },
});

/** What a bundle was made of: it is stale when one of these files was written since. */
export function madeOf() {
  const projects = JSON.parse(readFileSync(join(root, 'apps/cli/tsconfig.json'), 'utf8')).references;
  return [
    ...['apps/cli', ...projects.map(({ path }) => join('apps/cli', path))].map((path) =>
      join(path, 'dist/.tsbuildinfo'),
    ),
    'node_modules/.package-lock.json',
    'scripts/bundle.mjs',
  ].filter((path) => existsSync(join(root, path)));
}

/**
 * Bundles the command line and its services into `into`, which stands for `apps/cli/bundle` of a tree with this repository's layout.
 * `placed`: where a file is found that is beside a module, as a path from `into`, of the path that it has in a checkout. Gives what
 * rolldown wrote. Fails when a module of this repository imports something that is not there.
 */
export async function bundleCommands(into, { plugins = [], external = NATIVE, placed = (path) => path } = {}) {
  rmSync(into, { recursive: true, force: true });
  const missing = [];
  const bundle = await rolldown({
    input: { main: entry },
    platform: 'node',
    external,
    plugins: [...plugins, addresses(placed)],
    onLog(_level, log) {
      // What a library can do without is told by itself when it is used.
      if (log.code === 'UNRESOLVED_IMPORT' && !log.message.includes('node_modules')) missing.push(log.message);
    },
  });
  const { output } = await bundle.write({
    dir: into,
    format: 'esm',
    sourcemap: true,
    keepNames: true,
    // Comments and spaces go: V8 reads and keeps the text. Names stay, for stacks.
    minify: { compress: false, mangle: false, codegen: true },
    banner: BANNER,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  });
  await bundle.close();
  if (missing.length > 0) throw new Error(`the bundle lacks modules:\n${missing.join('\n')}`);
  return output;
}

/** Writes the bundle of this checkout. */
export async function writeBundle() {
  const stamp = Object.fromEntries(madeOf().map((path) => [path, statSync(join(root, path)).mtimeMs]));
  await bundleCommands(folder);
  writeFileSync(join(folder, 'made-of.json'), JSON.stringify(stamp));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeBundle();
