// Builds the documentation as a site into build/docs/site (npm run docs:site) and checks it: no link or anchor leads nowhere, and no page
// loads anything from another host. --serve [PORT]: serves it afterwards (npm run docs:serve). --browser: looks at it in Chromium as well;
// VECTRON_SCREENSHOTS=FOLDER keeps pictures.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize, posix } from 'node:path';
import { parseArgs } from 'node:util';
import { measurePace, testLimitMs } from '../test/harness/pace.mjs';
import { root } from './content-hash.mjs';

const { values } = parseArgs({
  options: {
    serve: { type: 'boolean' },
    browser: { type: 'boolean' },
    port: { type: 'string', default: '8090' },
    'no-build': { type: 'boolean' },
  },
});
const site = join(root, 'build/docs/site');
const faults = [];

function build() {
  const vitepress = join(root, 'node_modules/vitepress/bin/vitepress.js');
  const { status } = spawnSync(process.execPath, [vitepress, 'build', 'docs'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

/** Every page by its path, with what it links to and which anchors it has. */
function pagesOf() {
  const files = readdirSync(site, { recursive: true }).map((file) => file.replaceAll('\\', '/'));
  return new Map(
    files
      .filter((file) => file.endsWith('.html') && file !== '404.html')
      .map((file) => {
        const html = readFileSync(join(site, file), 'utf8');
        const all = (pattern) => Array.from(html.matchAll(pattern), ([, value]) => value.replaceAll('&amp;', '&'));
        return [
          `/${file}`,
          {
            anchors: new Set(all(/\sid="([^"]+)"/g)),
            links: all(/<a\s[^>]*?href="([^"]+)"/g),
            loads: [
              ...all(/<(?:script|img|source|iframe)\s[^>]*?src="([^"]+)"/g),
              ...all(/<link\s[^>]*?href="([^"]+)"/g),
            ],
          },
        ];
      }),
  );
}

function checkLinks() {
  const pages = pagesOf();
  const reached = new Set(['/index.html']);
  let links = 0;
  for (const [page, { links: targets, loads }] of pages) {
    for (const load of loads) {
      if (/^(https?:)?\/\//.test(load)) faults.push(`${page} loads ${load} from another host`);
    }
    for (const target of [...targets, ...loads]) {
      if (/^(https?:|mailto:|data:)/.test(target)) continue;
      links += 1;
      const [path, anchor] = decodeURI(target).split('#');
      const absolute = path === '' ? page : posix.resolve(posix.dirname(page), path) + (path.endsWith('/') ? '/' : '');
      const found = absolute.endsWith('/') ? `${absolute}index.html`.replace('//', '/') : absolute;
      if (!existsSync(join(site, found)) || statSync(join(site, found)).isDirectory())
        faults.push(`${page} leads to ${target}, which is not there`);
      else if (reached.add(found) && anchor !== undefined && anchor !== '' && !pages.get(found)?.anchors.has(anchor))
        faults.push(`${page} leads to ${target}, which has no such anchor`);
    }
  }
  for (const page of pages.keys()) if (!reached.has(page)) faults.push(`no page leads to ${page}`);
  console.log(`docs-site: ${pages.size} pages, ${links} links within the site`);
}

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
};

/** The path of an address, decoded; of one that cannot be decoded, as it is. */
function pathOf(url) {
  try {
    return decodeURIComponent(new URL(url, 'http://site').pathname);
  } catch {
    return '/404.html';
  }
}

/** Serves the folder of the site, and nothing else. */
function serve(port) {
  const server = createServer((request, response) => {
    const file = join(site, normalize(pathOf(request.url)));
    const found = [file, `${file}.html`, join(file, 'index.html')].find(
      (one) => existsSync(one) && statSync(one).isFile(),
    );
    const shown = found?.startsWith(site) ? found : join(site, '404.html');
    response.writeHead(shown === found ? 200 : 404, {
      'content-type': TYPES[extname(shown)] ?? 'application/octet-stream',
    });
    response.end(readFileSync(shown));
  });
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)));
}

const LOOKS = [
  ['home', '/'],
  ['quickstart', '/guide/quickstart.html'],
  ['consistency', '/guide/consistency.html'],
  ['how-it-works', '/guide/how-it-works.html'],
  ['capacity', '/guide/capacity.html'],
  ['tuning', '/guide/tuning.html'],
  ['api-search', '/api/search.html'],
  ['cli', '/cli.html'],
  ['decision', '/adr/0036-recall-is-measured.html'],
];

/** Every one of these pages at two widths, light and dark: no error, nothing from elsewhere, nothing wider than the window; a search. */
async function look() {
  const { chromium } = await import('playwright-core');
  const executablePath = process.env.VECTRON_CHROMIUM ?? '/usr/bin/chromium';
  const pictures = process.env.VECTRON_SCREENSHOTS;
  if (pictures !== undefined) mkdirSync(pictures, { recursive: true });
  const server = await serve(0);
  const base = `http://127.0.0.1:${server.address().port}`;
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run'],
    timeout: 0,
  });
  const limitMs = testLimitMs(await measurePace());
  let looked = 0;
  for (const width of [1280, 390]) {
    for (const colorScheme of ['light', 'dark']) {
      const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
      page.setDefaultTimeout(limitMs);
      const at = (path) => `${path} at ${width} px, ${colorScheme}`;
      let path = '';
      page.on('pageerror', (error) => faults.push(`${at(path)}: ${error.message}`));
      page.on('console', (message) => message.type() === 'error' && faults.push(`${at(path)}: ${message.text()}`));
      page.on('request', (request) => {
        if (!/^(data:|blob:)/.test(request.url()) && !request.url().startsWith(base))
          faults.push(`${at(path)} asks for ${request.url()}`);
      });
      for (const [name, address] of LOOKS) {
        path = address;
        await page.goto(base + address, { waitUntil: 'load' });
        const wider = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
        if (wider > 0) faults.push(`${at(path)} is ${wider} px wider than the window`);
        looked += 1;
        if (pictures !== undefined)
          await page.screenshot({ path: join(pictures, `${name}-${width}-${colorScheme}.png`) });
      }
      path = 'the search';
      await page.goto(`${base}/guide/concepts.html`, { waitUntil: 'networkidle' });
      await page.click('.VPNavBarSearch button');
      await page.fill('.VPLocalSearchBox input', 'linearizable');
      await page.waitForSelector('.VPLocalSearchBox .result');
      const [first] = await page.locator('.VPLocalSearchBox .result').allTextContents();
      if (!/consisten|read|sees/i.test(first)) faults.push(`${at(path)} finds ${first}`);
      if (pictures !== undefined) await page.screenshot({ path: join(pictures, `found-${width}-${colorScheme}.png`) });
      await page.close();
    }
  }
  await browser.close();
  server.close();
  console.log(`docs-site: looked at ${looked} pages in Chromium`);
}

if (!values['no-build']) build();
checkLinks();
if (values.browser) await look();
for (const fault of faults) console.error(`docs-site: ${fault}`);
if (faults.length > 0) process.exitCode = 1;
else if (values.serve) {
  await serve(Number(values.port));
  console.log(`docs-site: http://127.0.0.1:${values.port}, until Ctrl-C`);
}
