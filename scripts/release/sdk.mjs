// @vectron/sdk: one bundle with an entry point for each way to reach a database, their types, and the client over REST for browsers.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, checkImports, modulesOf, NATIVE_CORE, nativeCore } from './bundling.mjs';
import { contractModule } from './client-contract.mjs';
import { newPackage, root, tested, version, write } from './folders.mjs';
import { licencesOf } from './licences.mjs';
import { DISPOSABLES, writeTypes } from './types.mjs';

const dist = join(root, 'packages/sdk/dist');
const ENTRIES = ['index', 'rest', 'grpc', 'embedded'];
const dependencies = { [NATIVE_CORE]: version, ...tested('@grpc/grpc-js', 'libsql') };
/** What the bundle's modules could load in a server and do not in a client: `checkImports` finds it if they do. */
const SERVERS = [/^@nestjs\//, 'ioredis', 'rxjs', 'etcd3'];

const exportsOf = (entry) => ({
  ...(entry === 'rest' && { browser: { types: './rest.d.ts', default: './rest.browser.js' } }),
  import: { types: `./${entry}.d.ts`, default: `./${entry}.js` },
  require: { types: `./${entry}.d.cts`, default: `./${entry}.cjs` },
});

/** Writes the package; gives its folder and the modules in it. */
export async function writeSdk() {
  const folder = newPackage(
    '@vectron/sdk',
    'The client of Vectron, a distributed vector database: REST, gRPC, and embedded',
    {
      type: 'module',
      sideEffects: false,
      main: './index.cjs',
      module: './index.js',
      types: './index.d.ts',
      exports: {
        ...Object.fromEntries(ENTRIES.map((entry) => [entry === 'index' ? '.' : `./${entry}`, exportsOf(entry)])),
        './package.json': './package.json',
      },
      dependencies,
    },
  );
  const node = await bundle(folder, {
    input: Object.fromEntries(ENTRIES.map((entry) => [entry, join(dist, `${entry}.js`)])),
    platform: 'node',
    // The engine's TypeScript becomes part of the bundle; `nativeCore` leaves its addon out.
    external: [...Object.keys(dependencies).filter((name) => name !== NATIVE_CORE), ...SERVERS],
    plugins: [nativeCore],
  });
  checkImports(node, dependencies);
  const browser = await bundle(folder, {
    input: { 'rest.browser': join(dist, 'rest.js') },
    platform: 'browser',
    plugins: [clientContract, bytes],
  });
  checkImports(browser, {}, false);
  const modules = modulesOf([...node, ...browser]);
  cpSync(join(root, 'packages/sdk/README.md'), join(folder, 'README.md'));
  write(folder, 'THIRD-PARTY-LICENSES', licencesOf(modules));
  // Declarations that importers of both kinds may read: of modules without a default export, the kind makes no difference.
  write(folder, 'types/package.json', '{ "type": "commonjs" }\n');
  const declared = writeTypes(
    folder,
    ENTRIES.map((entry) => join(dist, `${entry}.d.ts`)),
  );
  for (const [at, entry] of ENTRIES.entries()) {
    const types = `${DISPOSABLES}export * from './${declared[at].replace(/\.d\.ts$/, '.js')}';\n`;
    write(folder, `${entry}.d.ts`, types);
    write(folder, `${entry}.d.cts`, types);
    // The same modules as for `import`, so that an error or a filter of one is one of the other (Node has require of ES modules).
    write(folder, `${entry}.cjs`, `module.exports = require('./${entry}.js');\n`);
  }
  return { folder, modules };
}

const clientContract = {
  name: 'client-contract',
  load: (id) => (id.endsWith('/generated/contract.js') ? contractModule() : null),
};

const BYTES = fileURLToPath(new URL('./bytes-in-browsers.mjs', import.meta.url));
const bytes = {
  name: 'bytes',
  transform: (code, id) =>
    id !== BYTES && /\bBuffer\b/.test(code)
      ? { code: `import { Buffer } from ${JSON.stringify(BYTES)};\n${code}` }
      : null,
};
