// Which Markdown files of the repository are pages of the site, under which paths, and where links to other files lead.
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Outside docs/: the READMEs of packages, benchmarks and examples, and what is about the project itself. */
const BESIDE = /^(README|CHANGELOG|CONTRIBUTING)\.md$|^(packages|bench|examples|test)\/([\w-]+\/)+[\w-]+\.md$/;

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
  .trim()
  .split('\n')
  .filter((file) => existsSync(join(root, file)));

/** From the path of a file in the repository to that of its page. */
export const pages = new Map(
  tracked
    .filter((file) => file.startsWith('docs/') || BESIDE.test(file))
    .map((file) => [file, file.replace(/^docs\//, '').replace(/\/README\.md$/, '/index.md')]),
);

/** Files of the repository that pages lead to and that are no pages: the site has copies of them, by path. */
export const copied = new Set();

const addressOf = (page) => `/${page.replace(/(^|\/)index\.md$/, '$1').replace(/\.md$/, '')}`;

/**
 * The address in the site that a link of `file` leads to. A link to a file that is no page leads to a copy of it. Throws when there is
 * no such file.
 */
export function siteLink(file, target) {
  if (/^([a-z][a-z+.-]*:|\/|#)/i.test(target)) return target;
  const [path, anchor] = decodeURI(target).split('#');
  const found = posix.normalize(posix.join(posix.dirname(file), path)).replace(/\/$/, '');
  const suffix = anchor === undefined ? '' : `#${anchor}`;
  if (found === 'docs') return '/';
  const page = pages.get(found);
  if (page !== undefined) return addressOf(page) + suffix;
  if (!existsSync(join(root, found))) throw new Error(`${file} leads to ${target}, which is not there`);
  if (!statSync(join(root, found)).isDirectory()) {
    copied.add(found);
    return `/source/${found}.txt`;
  }
  const index = pages.get(`${found}/README.md`) ?? pages.get(`${found}/index.md`);
  // A folder without a page is named, and cannot be shown.
  return index === undefined ? undefined : addressOf(index);
}

/** What GitHub makes of a heading, so that a link to one is right in both places. */
export const anchorOf = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
    .replaceAll(' ', '-');
