// The scenarios of test/conformance/scenarios, read so that every integer of 64 bits is itself.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const FOLDER = fileURLToPath(new URL('../scenarios/', import.meta.url));
export const HOMES = ['server', 'cluster', 'embedded'];

/** Every scenario, by name. Throws for a file whose scenario has another name, or a home that there is not. */
export function scenarios() {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.yaml'));
  return files.sort().map((file) => {
    const { homes = HOMES, ...scenario } = plain(
      parse(readFileSync(join(FOLDER, file), 'utf8'), { intAsBigInt: true }),
    );
    if (`${scenario.name}.yaml` !== file) throw new Error(`${file} is named ${scenario.name}`);
    const unknown = homes.find((home) => !HOMES.includes(home));
    if (unknown !== undefined) throw new Error(`${file}: there is no home ${unknown}`);
    return { ...scenario, homes };
  });
}

/** Integers as numbers where those hold them, and as bigint where they do not. */
function plain(value) {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}
