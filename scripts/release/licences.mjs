// The licences of what is in a package and was made by others.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of the npm package that the module at `id` is of; undefined for modules of this repository. */
export function packageOf(id) {
  const found = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id);
  return found !== null && !found[1].includes('/@vectron/') ? found[1] : undefined;
}

/** One text with name, version, licence and licence text of every npm package that one of the modules is of. */
export function licencesOf(moduleIds) {
  const folders = new Set(moduleIds.map(packageOf).filter((folder) => folder !== undefined));
  const packages = [...folders].map((folder) => {
    const { name, version, license, author, homepage } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const by = typeof author === 'string' ? author : author?.name;
    return { name, version, license: license?.type ?? license, by, homepage, folder };
  });
  return licenceText(packages);
}

/** One text of all of them. A licence text that several have word by word stands once. Throws when one has no licence. */
export function licenceText(packages) {
  const first = new Map();
  const sorted = packages.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const parts = sorted.map(({ name, version, license, by, homepage, folder }) => {
    if (!license) throw new Error(`${name} ${version} does not say its licence`);
    const heads = [`${name} ${version}, ${license}`, by, homepage].filter(Boolean).join('\n');
    const texts = readdirSync(folder)
      .filter(
        (file) =>
          /^(?:(?:un)?licen[cs]e|notice|copying|copyright)/i.test(file) && statSync(join(folder, file)).isFile(),
      )
      .map((file) => {
        const text = readFileSync(join(folder, file), 'utf8').trim();
        if (first.has(text)) return `${file}: the same as ${first.get(text)}`;
        first.set(text, `${file} of ${name} ${version}`);
        return text;
      });
    return [heads, ...texts].join('\n\n');
  });
  return `This package contains code of these packages.\n\n${parts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
