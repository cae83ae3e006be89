// @vectron/langchain: the vector store for LangChain.js. The SDK and LangChain's core stay what the user has installed, so that there is one
// class of errors, and one of documents.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, checkImports, modulesOf } from './bundling.mjs';
import { newPackage, root, version, write } from './folders.mjs';
import { DISPOSABLES, writeTypes } from './types.mjs';

const dist = join(root, 'packages/langchain/dist');
const peers = { '@langchain/core': '^1.0.0', '@vectron/sdk': `^${version}` };

/** Writes the package; gives its folder and the modules in it. */
export async function writeLangchain() {
  const folder = newPackage(
    '@vectron/langchain',
    "LangChain's vector store on Vectron, a distributed vector database",
    {
      type: 'module',
      sideEffects: false,
      main: './index.cjs',
      module: './index.js',
      types: './index.d.ts',
      exports: {
        '.': {
          import: { types: './index.d.ts', default: './index.js' },
          require: { types: './index.d.cts', default: './index.cjs' },
        },
        './package.json': './package.json',
      },
      peerDependencies: peers,
    },
  );
  const external = Object.keys(peers).map((name) => new RegExp(`^${name}(?:/|$)`));
  const entry = { input: { index: join(dist, 'index.js') }, platform: 'node', external };
  // Once for each kind of importer: LangChain has each of its classes twice, and a document of one is not one of the other.
  const output = [...(await bundle(folder, entry)), ...(await bundle(folder, { ...entry, format: 'cjs' }))];
  checkImports(output, peers);
  cpSync(join(root, 'packages/langchain/README.md'), join(folder, 'README.md'));
  const [declared] = writeTypes(folder, [join(dist, 'index.d.ts')], Object.keys(peers));
  cpSync(join(folder, 'types'), join(folder, 'types-cjs'), { recursive: true });
  write(folder, 'types-cjs/package.json', '{ "type": "commonjs" }\n');
  const typesIn = (path) => `${DISPOSABLES}export * from './${path.replace(/\.d\.ts$/, '.js')}';\n`;
  write(folder, 'index.d.ts', typesIn(declared));
  write(folder, 'index.d.cts', typesIn(declared.replace(/^types/, 'types-cjs')));
  return { folder, modules: modulesOf(output) };
}
