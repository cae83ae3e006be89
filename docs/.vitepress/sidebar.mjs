// The order of the pages. Decisions are listed from their files.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pages, root } from './pages.mjs';

const group = (text, items, collapsed = false) => ({
  text,
  collapsed,
  items: items.map(([name, link]) => ({ text: name, link })),
});

const decisions = readdirSync(join(root, 'docs/adr'))
  .filter((file) => /^\d{4}-.*\.md$/.test(file))
  .sort()
  .map((file) => {
    const [, number, title] = /^# (\d+)\. (.*)$/m.exec(readFileSync(join(root, 'docs/adr', file), 'utf8'));
    return [`${number}. ${title}`, `/adr/${file.slice(0, -3)}`];
  });

const api = readdirSync(join(root, 'docs/api'))
  .filter((file) => file.endsWith('.md') && file !== 'index.md')
  .map((file) => [
    /^# (.*)$/m.exec(readFileSync(join(root, 'docs/api', file), 'utf8'))[1],
    `/api/${file.slice(0, -3)}`,
  ]);

const benchmarks = [...pages]
  .filter(([file]) => /^bench\/[\w-]+\/README\.md$/.test(file))
  .map(([file]) => file.split('/')[1])
  .sort()
  .map((name) => [name, `/bench/${name}/`]);

export const sidebar = [
  group('Start', [
    ['Quickstart', '/guide/quickstart'],
    ['The console', '/guide/console'],
    ['The README', '/README'],
    ['Concepts', '/guide/concepts'],
    ['Consistency and freshness', '/guide/consistency'],
    ['Questions and answers', '/guide/faq'],
    ['Comparison', '/guide/comparison'],
  ]),
  group('How to', [
    ['Import and export', '/import'],
    ['Import from other databases', '/import-from'],
    ['Hybrid search', '/guide/hybrid-search'],
    ['Vectors of texts', '/embeddings'],
    ['Many tenants', '/guide/multi-tenancy'],
    ['Change the model', '/guide/model-change'],
    ['Back up and restore', '/guide/backup'],
    ['TLS', '/guide/tls'],
    ['NestJS', '/guide/nestjs'],
    ['LangChain', '/guide/langchain'],
    ['Model Context Protocol', '/mcp'],
  ]),
  group('Operate', [
    ['Run it', '/guide/operations'],
    ['Debian and systemd', '/deploy/systemd'],
    ['Containers', '/deploy/containers'],
    ['Kubernetes', '/deploy/kubernetes'],
    ['Capacity planning', '/guide/capacity'],
    ['Tuning', '/guide/tuning'],
    ['Performance', '/performance'],
    ['Metrics', '/metrics'],
    ['Logs', '/logs'],
    ['Runbooks', '/runbooks'],
    ['Security', '/security'],
  ]),
  group('Reference', [
    ['Points, filters and queries', '/data-model'],
    ['Words of texts', '/text'],
    ['Command line', '/cli'],
    ['Configuration', '/configuration'],
    ['Error codes', '/errors'],
    ['TypeScript client', '/packages/sdk/'],
    ['Python client', '/packages/sdk-python/'],
    ['Go client', '/packages/sdk-go/'],
  ]),
  group('API', [['How to call it', '/api/'], ...api]),
  group(
    'Packages for frameworks',
    [
      ['NestJS', '/packages/nestjs/'],
      ['LangChain.js', '/packages/langchain/'],
      ['LangChain for Python', '/packages/langchain-python/'],
      ['LlamaIndex', '/packages/llama-index-python/'],
      ['Haystack', '/packages/haystack-python/'],
    ],
    true,
  ),
  group('The inside', [
    ['How it works', '/guide/how-it-works'],
    ['Architecture', '/ARCHITECTURE'],
    ['Contributing', '/CONTRIBUTING'],
    ['Develop', '/guide/develop'],
    ['Add a call', '/recipes/add-an-rpc'],
    ['Add a setting', '/recipes/add-a-setting'],
    ['Add a metric', '/recipes/add-a-metric'],
    ['Changelog', '/CHANGELOG'],
  ]),
  group('Benchmarks', benchmarks, true),
  group('Decisions', decisions, true),
];
