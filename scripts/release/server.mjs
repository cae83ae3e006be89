// `vectron`: the command line, all services, the console and the sample. The package has this repository's layout, so that what
// is bundled finds its files where it finds them in a checkout.
import { cpSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { bundleCommands } from '../bundle.mjs';
import { checkImports, modulesOf, nativeCore } from './bundling.mjs';
import { newPackage, root, tested, version, write } from './folders.mjs';
import { licencesOf } from './licences.mjs';

/** What has machine code of its own. */
const DEPENDENCIES = ['@node-rs/argon2', '@node-rs/bcrypt', '@node-rs/crc32', 'libsql'];
/** Packages that read files which lie beside their code; npm leaves folders out that are called node_modules. */
const WITH_FILES = ['etcd3', 'grpc-health-check', '@grpc/grpc-js', '@grpc/reflection'];
/**
 * The page of the API. As a dependency it would bring `@scarf/scarf`, whose installation runs a script that tells its makers of it.
 */
const PAGE = 'swagger-ui-dist';
const PAGE_FILES = ['package.json', 'LICENSE', 'NOTICE', 'swagger-ui.css', 'swagger-ui-bundle.js'];
const VENDOR = 'vendor';
const placed = (path) => path.replace(/^((?:\.\.\/)*)node_modules\//, `$1${VENDOR}/`);
const COPIED = ['apps/cli/bin', 'apps/cli/etcd', 'apps/console/dist', 'bench/datasets/debian-packages'];

const README = `# Vectron

A distributed vector database: one command line, one server, and all services of a cluster.

\`\`\`sh
npx vectron serve
npx vectron search debian-packages --like exim4-daemon-heavy --top-k 5
\`\`\`

The first start makes \`./data\`, prints an administrator's password and an API key once, and loads a sample of 20,000 text embeddings. REST and
the console are on http://127.0.0.1:8080, gRPC on 127.0.0.1:8081. Nothing is compiled or fetched when it is installed or started. Clients:
[@vectron/sdk](https://www.npmjs.com/package/@vectron/sdk). Node 20.19 or newer on Linux or macOS.
`;

/** Writes the package; gives its folder, the modules in it, and the packages of which files are copied. */
export async function writeServer() {
  const dependencies = { '@vectron/engine': version, ...tested(...DEPENDENCIES) };
  const folder = newPackage(
    'vectron',
    'A distributed vector database: command line, server and all services of a cluster',
    {
      type: 'module',
      bin: { vectron: 'apps/cli/bin/vectron.js' },
      dependencies,
    },
  );
  const into = join(folder, 'apps/cli/bundle');
  const output = await bundleCommands(into, { plugins: [nativeCore], external: /^@node-rs\/.*|^libsql$/, placed });
  checkImports(output, dependencies);
  const modules = modulesOf(output);
  // A bundle that was made of no files is never stale.
  write(into, 'made-of.json', '{}');
  for (const name of WITH_FILES) {
    const from = join(root, 'node_modules', name);
    const isData = (path) => (statSync(path).isDirectory() ? !path.endsWith('/node_modules') : path.endsWith('.proto'));
    cpSync(from, join(folder, VENDOR, name), { recursive: true, filter: isData });
  }
  for (const file of PAGE_FILES) cpSync(join(root, 'node_modules', PAGE, file), join(folder, VENDOR, PAGE, file));
  for (const path of COPIED) cpSync(join(root, path), join(folder, path), { recursive: true });
  write(folder, 'README.md', README);
  write(folder, 'THIRD-PARTY-LICENSES', licencesOf(modules));
  return { folder, modules, vendored: [...WITH_FILES, PAGE] };
}
