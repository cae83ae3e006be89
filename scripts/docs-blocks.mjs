// Runs the code blocks of the documentation, so that what a reader copies works (npm run docs:blocks): the blocks of a page in their order,
// in one folder, against a server of this run. A `text` block is compared with what the one before it has printed. `background` behind
// a language: the block goes on while the next ones run. `no-run="reason"`: it cannot run here, and is read for faults of its syntax;
// reasons and counts are printed. --only WORD: the pages whose path has it. --list: counts them, and runs none.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pages } from '../docs/.vitepress/pages.mjs';
import { root } from './content-hash.mjs';
import { isData, READ, RUN, runShell } from './docs-blocks/languages.mjs';
import { ended, makeCommands, placeOf, startsServer } from './docs-blocks/place.mjs';
import { startServer } from './running-server.mjs';

const { values } = parseArgs({ options: { only: { type: 'string' }, list: { type: 'boolean' } } });
/** READMEs have tests of their own; test/conformance/recipe.test.ts does what the recipe for a call says. */
const isMine = (file) =>
  (/^docs\/(?!adr\/)/.test(file) || file === 'CONTRIBUTING.md') &&
  file !== 'docs/recipes/add-an-rpc.md' &&
  file.includes(values.only ?? '');

function blocksOf(file) {
  const text = readFileSync(join(root, file), 'utf8');
  return Array.from(text.matchAll(/^( *)```(\w+)([^\n]*)\n([\s\S]*?)^\1```$/gm), (match) => {
    const [, indent, language, info, code] = match;
    return {
      file,
      line: text.slice(0, match.index).split('\n').length,
      language,
      code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      reason: /no-run="([^"]+)"/.exec(info)?.[1],
      background: /\bbackground\b/.test(info),
    };
  });
}

const failures = [];
const counts = { run: 0, read: 0, compared: 0 };
const fail = ({ file, line }, message) => failures.push(`${file}:${line}: ${message.trim()}`);

/** The first line of the block that was not printed behind the ones before it; a line of three dots stands for any others. */
function missingLine(expected, printed) {
  const lines = printed.split('\n').map((line) => line.trimEnd());
  let at = 0;
  for (const line of expected.trimEnd().split('\n')) {
    if (line.trim() === '...') continue;
    const found = lines.indexOf(line.trimEnd(), at);
    if (found === -1) return line;
    at = found + 1;
  }
  return undefined;
}

/** Pages do not see what other pages have made. */
async function empty({ url, apiKey }) {
  const call = async (method, path, body) => {
    const headers = { authorization: `Bearer ${apiKey}`, ...(body && { 'content-type': 'application/json' }) };
    const answer = await fetch(`${url}${path}`, { method, headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
    return answer.json();
  };
  const { aliases = [] } = await call('GET', '/v1/aliases');
  if (aliases.length > 0) await call('POST', '/v1/aliases', { delete: aliases.map(({ name, alias = name }) => alias) });
  const { collections = [] } = await call('GET', '/v1/collections');
  for (const name of collections) if (name !== 'debian-packages') await call('DELETE', `/v1/collections/${name}`);
}

/** What the block printed; of a block of text, what the one before it had printed. */
async function performBlock(block, place, before) {
  const { language, code, reason } = block;
  if (language === 'text') {
    const missing = missingLine(code, before);
    if (missing !== undefined) fail(block, `the block before it prints no ${JSON.stringify(missing)}, but\n${before}`);
    counts.compared += 1;
    return before;
  }
  const perform = (reason === undefined ? RUN : READ)[language];
  if (perform === undefined) {
    fail(
      block,
      `a block of ${language} is neither run nor read: give it a language of scripts/docs-blocks/languages.mjs`,
    );
    return '';
  }
  const { status, printed } = await perform(block, place);
  if (status !== 0) fail(block, `ended with ${status}:\n${code}\n${printed}`);
  counts[reason === undefined && !isData(language) ? 'run' : 'read'] += 1;
  return printed;
}

async function performPage(blocks, folder, server) {
  if (!startsServer(blocks)) await empty(server);
  const place = await placeOf(folder, blocks, server);
  try {
    if (place.before.sh !== undefined) {
      const { status, printed } = await runShell({ code: place.before.sh }, place);
      if (status !== 0) return fail(blocks[0], `the preparation of this page failed:\n${printed}`);
    }
    let printed = '';
    for (const block of blocks) printed = await performBlock(block, place, printed);
  } finally {
    await ended(place);
  }
}

async function performAll(pageBlocks) {
  const folder = makeCommands();
  const server = await startServer('docs', ['--log', 'error']);
  process.on('exit', () => {
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  const one = async (blocks) => {
    const started = Date.now();
    await performPage(blocks, folder, server);
    console.log(`${blocks[0].file}: ${blocks.length} blocks, ${((Date.now() - started) / 1000).toFixed(1)} s`);
  };
  const inTurn = async (list) => {
    for (const blocks of list) await one(blocks);
  };
  // Pages with a server of their own do not mind what the others do to the common one.
  await Promise.all([
    inTurn(pageBlocks.filter(startsServer)),
    inTurn(pageBlocks.filter((blocks) => !startsServer(blocks))),
  ]);
  if (!(await server.stop())) failures.push('the server did not live until the end');
}

/** The items by a key, in the order in which keys come. */
function grouped(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

const pageBlocks = [...pages.keys()]
  .filter(isMine)
  .map(blocksOf)
  .filter((blocks) => blocks.length > 0);
if (!values.list) await performAll(pageBlocks);

const all = pageBlocks.flat();
const kinds = [...grouped(all, ({ language }) => language)].map(([language, { length }]) => `${length} ${language}`);
console.log(`\n${all.length} blocks on ${pageBlocks.length} pages: ${kinds.join(', ')}`);
if (!values.list)
  console.log(`${counts.run} were run, ${counts.compared} compared with what was printed, ${counts.read} read alone`);
const refused = grouped(
  all.filter(({ reason }) => reason !== undefined),
  ({ reason }) => reason,
);
console.log(`Not run, for ${refused.size} reasons:`);
for (const [reason, blocks] of refused)
  console.log(`  ${blocks.length}: ${reason} (${blocks.map(({ file, line }) => `${file}:${line}`).join(', ')})`);
for (const failure of failures) console.error(`\ndocs-blocks: ${failure}`);
process.exitCode = failures.length === 0 ? 0 : 1;
