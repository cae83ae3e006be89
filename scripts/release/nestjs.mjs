// @vectron/nestjs: what TypeScript made of it, which imports nothing that its users do not have, with declarations for importers of both kinds.
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { newPackage, root, version, write } from './folders.mjs';

const source = join(root, 'packages/nestjs');
const dist = join(source, 'dist');
const {
  exports: inCheckout,
  peerDependencies,
  peerDependenciesMeta,
} = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
/** `index`, `grpc`, ... of `.`, `./grpc`, ... */
const ENTRIES = Object.keys(inCheckout).map((path) => (path === '.' ? 'index' : path.slice(2)));

const exportsOf = (entry) => ({
  import: { types: `./${entry}.d.ts`, default: `./${entry}.js` },
  require: { types: `./${entry}.d.cts`, default: `./${entry}.cjs` },
});

/** Throws when a file imports a package that users of the package need not have. */
function checkImports(file, text) {
  for (const [, name] of text.matchAll(/(?:from|import)\s*\(?\s*'((?:@[^/']+\/)?[^./'][^/']*)[^']*'/g)) {
    if (!(name in peerDependencies)) throw new Error(`${file} imports ${name}, which is no peer of @vectron/nestjs`);
  }
}

/** Writes the package; gives its folder. Nothing of others is in it. */
export function writeNestjs() {
  const folder = newPackage('@vectron/nestjs', 'Vectron, a distributed vector database, for NestJS 11 and 12', {
    type: 'module',
    sideEffects: false,
    main: './index.cjs',
    module: './index.js',
    types: './index.d.ts',
    exports: {
      ...Object.fromEntries(ENTRIES.map((entry) => [entry === 'index' ? '.' : `./${entry}`, exportsOf(entry)])),
      './package.json': './package.json',
    },
    peerDependencies: { ...peerDependencies, '@vectron/sdk': `^${version}` },
    peerDependenciesMeta,
  });
  for (const file of readdirSync(dist).filter((name) => /\.(?:d\.ts|js)$/.test(name))) {
    const text = readFileSync(join(dist, file), 'utf8').replace(/^\/\/# sourceMappingURL=.*\n?/m, '');
    checkImports(file, text);
    write(folder, file, text);
    if (file.endsWith('.d.ts'))
      write(folder, file.replace(/ts$/, 'cts'), text.replace(/('\.\/[\w.-]+)\.js'/g, "$1.cjs'"));
  }
  // The same modules as for `import` (Node has require of ES modules), so that a token or an error of one is one of the other.
  for (const entry of ENTRIES) write(folder, `${entry}.cjs`, `module.exports = require('./${entry}.js');\n`);
  cpSync(join(source, 'README.md'), join(folder, 'README.md'));
  return { folder };
}
