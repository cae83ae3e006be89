import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ATTACKS = join(dirname(fileURLToPath(import.meta.url)), '..', 'attacks');
/** What every attack must have; README.md says what each is. */
const NEEDED = { sends: 'string', mustNot: 'string', run: 'function' };
const DEFAULT_SECONDS = 3;

/** All attacks, by name: the path below test/attack/attacks without its ending. */
export function catalogue() {
  const files = readdirSync(ATTACKS, { recursive: true }).filter((file) => file.endsWith('.mjs'));
  return Promise.all(files.toSorted().map((file) => attackOf(file.slice(0, -'.mjs'.length))));
}

export async function attackOf(name) {
  const { default: attack } = await import(pathToFileURL(join(ATTACKS, `${name}.mjs`)).href);
  for (const [field, type] of Object.entries(NEEDED)) {
    if (typeof attack?.[field] !== type) throw new Error(`test/attack/attacks/${name}.mjs has no ${field}`);
  }
  return { seconds: DEFAULT_SECONDS, ...attack, name };
}
