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
  const output = await bundle(folder, { input: { index: join(dist, 'index.js') }, platform: 'node', external });
  checkImports(output, peers);
  cpSync(join(root, 'packages/langchain/README.md'), join(folder, 'README.md'));
  const [declared] = writeTypes(folder, [join(dist, 'index.d.ts')], Object.keys(peers));
  // LangChain declares its classes twice, and a class of CommonJS is not that of an ES module.
  cpSync(join(folder, 'types'), join(folder, 'types-cjs'), { recursive: true });
  write(folder, 'types-cjs/package.json', '{ "type": "commonjs" }\n');
  const typesIn = (path) => `${DISPOSABLES}export * from './${path.replace(/\.d\.ts$/, '.js')}';\n`;
  write(folder, 'index.d.ts', typesIn(declared));
  write(folder, 'index.d.cts', typesIn(declared.replace(/^types/, 'types-cjs')));
  // The same module as for `import` (Node has require of ES modules).
  write(folder, 'index.cjs', "module.exports = require('./index.js');\n");
  return { folder, modules: modulesOf(output) };
}
