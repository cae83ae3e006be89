import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repositoryLinks, textInPlaceOfHtml } from './links.mjs';
import { anchorOf, copied, pages, root } from './pages.mjs';
import { sidebar } from './sidebar.mjs';

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** https://vitepress.dev/reference/site-config. Nothing that the site shows comes from another host. */
export default {
  title: 'Vectron',
  description: 'A distributed vector database: what it promises, how to use it, how to run it.',
  lang: 'en',
  // Links of pages lead out of docs/, so pages are those of the repository that pages.mjs names.
  srcDir: '..',
  srcExclude: ['**/node_modules/**', 'build/**', 'data/**', 'target/**', ...notPages()],
  rewrites: Object.fromEntries(pages),
  outDir: join(root, 'build/docs/site'),
  cacheDir: join(root, 'build/docs/cache'),
  cleanUrls: false,
  appearance: true,
  lastUpdated: false,
  head: [['link', { rel: 'icon', href: '/logo.svg', type: 'image/svg+xml' }]],
  markdown: {
    anchor: { slugify: anchorOf },
    config: (md) => {
      repositoryLinks(md, root);
      textInPlaceOfHtml(md);
    },
  },
  vite: { publicDir: join(root, 'docs/public'), build: { chunkSizeWarningLimit: 2_000 } },
  themeConfig: {
    logo: '/logo.svg',
    search: { provider: 'local' },
    outline: { level: [2, 3] },
    nav: [
      { text: 'Quickstart', link: '/guide/quickstart' },
      { text: 'Concepts', link: '/guide/concepts' },
      { text: 'Operate', link: '/guide/operations' },
      { text: 'API', link: '/api/' },
      { text: version, link: '/CHANGELOG' },
    ],
    sidebar,
    docFooter: { prev: 'Before', next: 'Next' },
  },
  buildEnd({ outDir }) {
    for (const file of copied) {
      const copy = join(outDir, 'source', `${file}.txt`);
      mkdirSync(dirname(copy), { recursive: true });
      copyFileSync(join(root, file), copy);
    }
  },
};

/** Markdown files of the repository's other folders. */
function notPages() {
  return ['apps', 'crates', 'deploy', 'proto', 'scripts', '.github', '.ci', 'docs/.vitepress'].map(
    (folder) => `${folder}/**`,
  );
}
