// `npm i @vectron/sdk` in empty folders: the README's programs under every Node, as ES modules, CommonJS and TypeScript, and the
// client over REST in a browser.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { rolldown } from 'rolldown';
import { cache } from '../setup.mjs';
import { root, version } from './folders.mjs';
import { stranger } from './strangers.mjs';

/** Node's releases that are tested beside the one that runs this, as npm packages. */
const NODES = ['22.23.3', '24.9.0'];
const MOST_BROWSER_BYTES = 30_000;

const [overServer, embedded] = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)]
  .map(([, text]) => text)
  .filter((text) => text.includes("from '@vectron/sdk'"));

const CHROMIUM = process.env.VECTRON_CHROMIUM ?? '/usr/bin/chromium';
const EXPECTED = `if (hits.length === 0) throw new Error('nothing was found');\nconsole.log('found', hits[0].id);\n`;

/** The README's programs, with an address that is the server's; all end by themselves. */
const programsFor = ({ http, grpc }) => ({
  rest: `${overServer.replace(/http:\/\/127\.0\.0\.1:8080/, http)}${EXPECTED}await db.close();\n`,
  grpc: `${overServer.replace(/http:\/\/127\.0\.0\.1:8080/, grpc)}${EXPECTED}await db.close();\n`,
  embedded: `${embedded}${EXPECTED}`,
});

/** An ES module as CommonJS has it. */
const asCommonJs = (text) =>
  text
    .replace(/import (\{[^}]*\}) from ('[^']*');/g, 'const $1 = require($2);')
    .replace(/\n\n([\s\S]*)$/, '\n\n(async () => {\n$1})();\n');

/** Without `await` outside of functions, which TypeScript has in ES modules alone. */
const inFunction = (text) => text.replace(/\n\n([\s\S]*)$/, '\n\n(async () => {\n$1})();\n');

/** The Node of that version, from the package of npm that has it. */
function nodeOf(wanted) {
  const folder = join(cache, `node-${wanted}`);
  const name = `node-${process.platform}-${process.arch}`;
  const program = join(folder, 'node_modules', name, 'bin/node');
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true });
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--prefix', folder, `${name}@${wanted}`], {
      stdio: 'pipe',
    });
  }
  return program;
}

/** Everything is tried in one folder that has the SDK; each program in a folder of its own below it. */
export async function tryClients(registry, server, check) {
  const who = stranger(registry);
  let runs = 0;
  const runOn = (node, files, command) => {
    runs += 1;
    const folder = join(who.work, `run-${runs}`);
    mkdirSync(folder);
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
    try {
      const env = { ...who.env, VECTRON_API_KEY: server.apiKey };
      return execFileSync(node, command, { cwd: folder, env, encoding: 'utf8', stdio: 'pipe' }).trim();
    } catch (error) {
      throw new Error(`exit ${error.status}\n${error.stdout}\n${error.stderr}`);
    }
  };
  try {
    await check('npm i @vectron/sdk', () => {
      writeFileSync(join(who.work, 'package.json'), '{}');
      who.run('npm', ['install', '--no-audit', '--no-fund', `@vectron/sdk@${version}`]);
      return `${readdirSync(join(who.work, 'node_modules')).length} folders in node_modules`;
    });
    const programs = programsFor(server);
    await makeCollection(runOn, server);
    for (const node of [process.execPath, ...NODES.map(nodeOf)]) {
      const name = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
      for (const [kind, text] of Object.entries(programs)) {
        for (const [file, form] of [
          [`${kind}.mjs`, text],
          [`${kind}.cjs`, asCommonJs(text)],
        ]) {
          await check(`Node ${name}: ${file}`, () => runOn(node, { [file]: form }, [file]));
        }
      }
    }
    for (const [name, { options, file, text }] of Object.entries(typeScripts(programs))) {
      await check(`TypeScript, ${name}`, () => {
        const config = { compilerOptions: { strict: true, noEmit: true, skipLibCheck: false, ...OPTIONS, ...options } };
        const files = { [file]: text, 'tsconfig.json': JSON.stringify({ ...config, files: [file] }) };
        return runOn(process.execPath, files, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.']);
      });
    }
    await tryLangchain(who, runOn, server, check);
    await check('the client over REST in Chromium', () => tryBrowser(who, server));
  } finally {
    who.remove();
  }
}

/** Of the Node types that a user's project has; the programs use `process`. */
const OPTIONS = { target: 'es2022', types: ['node'], typeRoots: [join(root, 'node_modules/@types')] };

/** The program over each entry point, as TypeScript resolves packages today and as it did. */
function typeScripts(programs) {
  const entries = (text) =>
    ['rest', 'grpc', 'embedded'].map((entry) => `import * as ${entry} from '@vectron/sdk/${entry}';`).join('\n') +
    `\n${text}void [rest.connect, grpc.connect, embedded.open];\n`;
  const wrapped = inFunction(programs.rest);
  return {
    'node10, CommonJS': {
      options: { module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0' },
      file: 'program.ts',
      text: entries(wrapped),
    },
    'node16, CommonJS': { options: { module: 'node16' }, file: 'program.cts', text: entries(wrapped) },
    'node16, ES module': { options: { module: 'node16' }, file: 'program.mts', text: entries(programs.rest) },
    bundler: {
      options: { module: 'esnext', moduleResolution: 'bundler' },
      file: 'program.ts',
      text: `${entries(programs.embedded)}export {};\n`,
    },
    ...Object.fromEntries(
      ['es2022', 'esnext'].map((library) => [
        `REST in a browser, without the types of Node, ${library}`,
        {
          options: { module: 'esnext', moduleResolution: 'bundler', types: [], typeRoots: [], lib: [library, 'dom'] },
          file: 'program.ts',
          text: WITHOUT_NODE,
        },
      ]),
    ),
  };
}

/** Every kind of thing that the entry point over REST exports, without anything that is Node's. */
const WITHOUT_NODE = `import { bulkWriter, connect, type Point, type SearchResult, upsertAll, VectronError, whereOf } from '@vectron/sdk/rest';
type Paper = { title: string; year: number };
const db = connect('http://127.0.0.1:8080', { fetch: (request) => fetch(request) });
const papers = db.collection<Paper>('papers');
const points: Point<Paper>[] = [{ id: 'a', vector: [1], payload: { title: 'one', year: 2026 } }];
const writer = bulkWriter(papers, { onAck: ({ batch, error }) => console.log(batch, error?.ids) });
await writer.addAll(points);
const { upserted }: { upserted: number } = await writer.close();
const found: SearchResult<Paper> = await papers.search({ vector: [1], filter: whereOf<Paper>().field('year').gte(2020) });
for await (const { payload, vector } of papers.points()) console.log(payload.title, vector?.length);
try {
  await upsertAll(db, 'papers', points);
} catch (error) {
  if (error instanceof VectronError) console.log(error.code, upserted, found.hits[0].payload.year);
}
const changes = papers.changes();
await changes[Symbol.asyncDispose]();
`;

/** A store with embeddings of its own, and a document that is written and found. */
const LANGCHAIN = `import { Document } from '@langchain/core/documents';
import { Embeddings } from '@langchain/core/embeddings';
import { VectronVectorStore } from '@vectron/langchain';
import { connect, where } from '@vectron/sdk';

class Lengths extends Embeddings {
  constructor() {
    super({});
  }
  async embedQuery(text) {
    return [text.length, 1];
  }
  async embedDocuments(texts) {
    return texts.map((text) => [text.length, 1]);
  }
}
const client = connect(URL_OF_SERVER, { apiKey: process.env.VECTRON_API_KEY });
const store = new VectronVectorStore(new Lengths(), { client, collection: 'notes', mode: 'hybrid' });
await store.addDocuments([new Document({ id: 'a', pageContent: 'A mail server', metadata: { year: 2026 } })]);
const [found] = await store.asRetriever({ k: 1, filter: where.field('metadata.year').gte(2020) }).invoke('mail');
if (!(found instanceof Document) || found.id !== 'a') throw new Error('nothing was found');
console.log('found', found.id);
await client.close();
`;

/** `npm i @vectron/langchain` beside the SDK: a program in both kinds of modules, and its types. */
async function tryLangchain(who, runOn, { http }, check) {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'packages/langchain/package.json'), 'utf8'));
  const core = `@langchain/core@${devDependencies['@langchain/core']}`;
  await check('npm i @vectron/langchain', () => {
    who.run('npm', ['install', '--no-audit', '--no-fund', `@vectron/langchain@${version}`, core]);
    return core;
  });
  const program = LANGCHAIN.replace('URL_OF_SERVER', JSON.stringify(http));
  for (const [file, text] of [
    ['langchain.mjs', program],
    ['langchain.cjs', asCommonJs(program)],
  ]) {
    await check(file, () => runOn(process.execPath, { [file]: text }, [file]));
  }
  const typed = program.replace(/\((texts?)\) \{/g, (_, name) => `(${name}: string${name === 'texts' ? '[]' : ''}) {`);
  for (const [file, text] of [
    ['langchain.mts', typed],
    ['langchain.cts', inFunction(typed)],
  ]) {
    await check(`TypeScript, ${file}`, () => {
      const compilerOptions = { strict: true, noEmit: true, skipLibCheck: true, module: 'node16', ...OPTIONS };
      const files = { [file]: text, 'tsconfig.json': JSON.stringify({ compilerOptions, files: [file] }) };
      return runOn(process.execPath, files, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.']);
    });
  }
}

/** The collection that the README makes by the command line. */
function makeCollection(runOn, { http, apiKey }) {
  const text = `import { connect } from '@vectron/sdk';
const db = connect(${JSON.stringify(http)}, { apiKey: ${JSON.stringify(apiKey)} });
await db.createCollection('papers', { dimension: 4, distance: 'cosine' });
await db.close();
`;
  runOn(process.execPath, { 'make.mjs': text }, ['make.mjs']);
}

const PAGE = `import { connect, where } from '@vectron/sdk/rest';
export const run = async (url, apiKey) => {
  const db = connect(url, { apiKey });
  const big = 2n ** 60n + 1n;
  await db.upsert('papers', [{ id: 'page', vector: [1, 2, 3, 4], payload: { big } }]);
  const filter = where.field('big').eq(big);
  const { hits } = await db.search('papers', { vector: new Float32Array([1, 2, 3, 5]), topK: 3, filter });
  const { payload } = await db.get('papers', 'page');
  return hits.map(({ id }) => id).join() + ' ' + (payload.big === big);
};
`;

/** A program for browsers as bundlers make it of what is installed. */
async function bundled(who, name, text) {
  const file = join(who.work, `${name}.mjs`);
  writeFileSync(file, text);
  const bundle = await rolldown({ input: file, platform: 'browser' });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  await bundle.close();
  return output[0].code;
}

/** Bundles a page and loads it from another origin, which the server allows: a write, a search and a read with exact integers. */
async function tryBrowser(who, { http, apiKey, origin }) {
  const least = await bundled(who, 'connect', `export { connect } from '@vectron/sdk/rest';\n`);
  const bytes = gzipSync(least, { level: 9 }).length;
  if (bytes > MOST_BROWSER_BYTES) throw new Error(`${bytes} bytes gzipped, at most ${MOST_BROWSER_BYTES} are promised`);
  const module = await bundled(who, 'page', PAGE);
  const pages = createServer((request, response) => {
    const isModule = request.url === '/page.js';
    response.setHeader('content-type', isModule ? 'text/javascript' : 'text/html');
    response.end(isModule ? module : '<!doctype html><title>SDK</title>');
  });
  await new Promise((resolve) => pages.listen(Number(new URL(origin).port), '127.0.0.1', resolve));
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const page = await browser.newPage();
    await page.goto(origin);
    const found = await page.evaluate(async ([url, key]) => (await import('/page.js')).run(url, key), [http, apiKey]);
    if (found !== 'page true') throw new Error(`the page found ${found}`);
    return `${bytes} bytes gzipped with connect alone, ${gzipSync(module, { level: 9 }).length} with filters`;
  } finally {
    await browser.close();
    pages.close();
  }
}
