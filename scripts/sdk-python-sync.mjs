// Makes packages/sdk-python/src/vectron/_sync of _async: the same code without async and await. io.py of each folder is written by
// hand, and says what differs. With --check: fails when the committed files are others.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const from = fileURLToPath(new URL('../packages/sdk-python/src/vectron/_async', import.meta.url));
const to = fileURLToPath(new URL('../packages/sdk-python/src/vectron/_sync', import.meta.url));
const BY_HAND = new Set(['__init__.py', 'io.py']);
/** In their order: what stands before a name goes with it. */
const WORDS = [
  [/\basync (def|with|for)\b/g, '$1'],
  [/\bawait /g, ''],
  [/\b__a(enter|exit|iter|next)__\b/g, '__$1__'],
  [/\bAwaitable\[([^\]]*)\]/g, '$1'],
  [/(, )?\bAwaitable\b(?=[,\n)])/g, ''],
  [/\bAsync(?=[A-Z])/g, ''],
  [/for asyncio/g, 'that blocks'],
];

const stale = [];
for (const name of readdirSync(from).filter((one) => one.endsWith('.py') && !BY_HAND.has(one))) {
  const source = WORDS.reduce((text, [word, by]) => text.replace(word, by), readFileSync(join(from, name), 'utf8'));
  const made = `# Made of _async/${name} by scripts/sdk-python-sync.mjs.\n${source}`;
  const path = join(to, name);
  let before = '';
  try {
    before = readFileSync(path, 'utf8');
  } catch {}
  if (before === made) continue;
  stale.push(name);
  if (!process.argv.includes('--check')) writeFileSync(path, made);
}
if (process.argv.includes('--check') && stale.length > 0) {
  console.error(`${to}: ${stale.join(', ')} stale; run \`node scripts/sdk-python-sync.mjs\` and commit the result`);
  process.exitCode = 1;
}
