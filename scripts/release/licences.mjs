// The licences of what was bundled into a package.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of the npm package that the module at `id` is of; undefined for modules of this repository. */
function packageOf(id) {
  const found = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id);
  return found !== null && !found[1].includes('/@vectron/') ? found[1] : undefined;
}

/** One text with name, version, licence and licence text of every npm package that one of the modules is of. */
export function licencesOf(moduleIds) {
  const folders = new Set(moduleIds.map(packageOf).filter((folder) => folder !== undefined));
  const texts = [...folders].map((folder) => {
    const { name, version, license, author, homepage } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    if (license === undefined) throw new Error(`${name} ${version} does not say its licence`);
    const files = readdirSync(folder).filter((file) => /^(?:licen[cs]e|notice|copying)/i.test(file));
    const by = typeof author === 'string' ? author : author?.name;
    const about = [`${name} ${version}, ${typeof license === 'string' ? license : license.type}`, by, homepage];
    const heads = about.filter((line) => line !== undefined && line !== '').join('\n');
    const full = files
      .filter((file) => existsSync(join(folder, file)))
      .map((file) => readFileSync(join(folder, file), 'utf8').trim());
    return { name, text: [heads, ...full].join('\n\n') };
  });
  const sorted = texts.sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ text }) => text);
  return `This package contains code of these packages.\n\n${sorted.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
