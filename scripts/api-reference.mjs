// Writes docs/api from the OpenAPI document, which is made from proto/ (npm run docs:reference); --check fails when a page is stale.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './content-hash.mjs';

const folder = join(root, 'docs/api');
const document = JSON.parse(readFileSync(join(root, 'docs/openapi.json'), 'utf8'));
const { schemas } = document.components;
/** Methods by the name that they have as an operation: what gRPC calls. */
const grpc = new Map(
  Array.from(
    readFileSync(join(root, 'packages/proto/src/generated/contract.ts'), 'utf8').matchAll(
      /"path":"\/([\w./]+)","request":"[\w.]+","response":"[\w.]+","operation":"(\w+)"/g,
    ),
    ([, path, operation]) => [operation, path],
  ),
);
/** Lines of the longest example that is shown. */
const EXAMPLE_LINES = 60;

const fileOf = (tag) => `${tag.toLowerCase().replaceAll(' ', '-')}.md`;
const nameOf = (reference) => reference.slice('#/components/schemas/'.length);
const cell = (text) =>
  text
    .trim()
    .replaceAll('|', '\\|')
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll('<', '&lt;');

/** Names of the schemas that stand on messages.md: all but the bodies and answers of one operation. */
const shown = new Set();

function typeOf(schema) {
  if (schema.$ref !== undefined) {
    const name = nameOf(schema.$ref);
    shown.add(name);
    return `[${name}](messages.md#${name.toLowerCase()})`;
  }
  if (schema.allOf !== undefined) return typeOf(schema.allOf[0]);
  if (schema.enum !== undefined) return schema.enum.map((one) => `\`${one}\``).join(', ');
  if (schema.type === 'array') return `list of ${typeOf(schema.items)}`;
  if (schema.type === 'object' && schema.additionalProperties?.type !== undefined)
    return `object of ${typeOf(schema.additionalProperties)}`;
  if (schema.format === 'byte') return 'base64';
  if (schema.format === 'int64' || schema.format === 'uint64')
    return schema.type === 'string' ? 'integer as text' : 'integer';
  return Array.isArray(schema.type) ? schema.type.join(' or ') : (schema.type ?? 'any value');
}

function limitsOf({ minimum, maximum, minLength, maxLength, minItems, maxItems, items }) {
  const shown = (value) => (Number.isInteger(value) ? value.toLocaleString('en-US') : String(Number(value.toFixed(4))));
  const range = (least, most, unit) => {
    if (most === undefined) return least === undefined || least === 0 ? [] : [`at least ${shown(least)}${unit}`];
    return [
      least === undefined || least === 0 ? `at most ${shown(most)}${unit}` : `${shown(least)} to ${shown(most)}${unit}`,
    ];
  };
  const each = items?.maxLength === undefined ? [] : [`each at most ${shown(items.maxLength)} characters`];
  return [
    ...range(minimum, maximum, ''),
    ...range(minLength, maxLength, ' characters'),
    ...range(minItems, maxItems, ' elements'),
    ...each,
  ].join(', ');
}

function rows(schema, required = schema.required ?? []) {
  return Object.entries(schema.properties ?? {}).map(([name, one]) => {
    const limits = limitsOf(one);
    const told = [one.description, limits === '' ? undefined : `Limits: ${limits}.`].filter(Boolean).join(' ');
    return `| \`${name}\`${required.includes(name) ? ' (required)' : ''} | ${typeOf(one)} | ${cell(told)} |`;
  });
}

const table = (head, lines) =>
  lines.length === 0 ? [] : [`| ${head} | type | meaning |`, '|---|---|---|', ...lines, ''];

function example(content) {
  const value = content?.['application/json']?.example;
  if (value === undefined) return [];
  const text = JSON.stringify(value, null, 2);
  return text.split('\n').length > EXAMPLE_LINES ? [] : ['```json', text, '```', ''];
}

function requestOf({ parameters = [], requestBody }) {
  const lines = parameters.map(({ name, in: where, required, description = '', schema }) => {
    const limits = limitsOf(schema);
    const told = [description, limits === '' ? undefined : `Limits: ${limits}.`].filter(Boolean).join(' ');
    return `| \`${name}\` (${where}${required ? ', required' : ''}) | ${typeOf(schema)} | ${cell(told)} |`;
  });
  const out = table('parameter', lines);
  const content = requestBody?.content?.['application/json'];
  if (content === undefined) return out;
  const schema = content.schema.$ref === undefined ? content.schema : schemas[nameOf(content.schema.$ref)];
  return [...out, ...table('field of the body', rows(schema)), ...example(requestBody.content)];
}

function answerOf({ responses: answers }) {
  const [status, answer] = Object.entries(answers).find(([code]) => code.startsWith('2')) ?? [];
  if (status === undefined) return [];
  const content = answer.content?.['application/json'];
  const out = [`**Answer** ${status}.`, ''];
  if (content === undefined) {
    const [type] = Object.keys(answer.content ?? {});
    return type === undefined ? out : [`**Answer** ${status}, \`${type}\`.`, ''];
  }
  const schema = content.schema.$ref === undefined ? content.schema : schemas[nameOf(content.schema.$ref)];
  const lines = rows(schema, []);
  return lines.length === 0 ? [`**Answer** ${status}, without fields.`, ''] : [...out, ...table('field', lines)];
}

function failuresOf({ responses: answers }) {
  const statuses = Object.keys(answers).filter((code) => /^[45]/.test(code));
  return statuses.length === 0 ? [] : [`**Failures** ${statuses.join(', ')}: [error codes](../errors.md).`, ''];
}

function operation(verb, path, one) {
  const method = grpc.get(one.operationId);
  const title = one.operationId[0].toUpperCase() + one.operationId.slice(1);
  return [
    `## ${title}`,
    '',
    `\`${verb.toUpperCase()} ${path}\`${method === undefined ? '' : `, gRPC \`${method}\``}`,
    '',
    ...(one.description ?? one.summary)
      .trim()
      .split('\n')
      .map((line) => line.replaceAll('<', '&lt;')),
    '',
    ...requestOf(one),
    ...answerOf(one),
    ...failuresOf(one),
  ];
}

const GENERATED = '<!-- Generated by scripts/api-reference.mjs from docs/openapi.json (npm run docs:reference). -->';
const written = new Map();
for (const { name, description } of document.tags) {
  const operations = Object.entries(document.paths).flatMap(([path, verbs]) =>
    Object.entries(verbs)
      .filter(([, { tags }]) => tags?.includes(name))
      .flatMap(([verb, one]) => operation(verb, path, one)),
  );
  written.set(fileOf(name), [`# ${name}`, '', GENERATED, '', description, '', ...operations]);
}

// A schema that is shown may lead to others: go on until there are no new ones.
const described = new Map();
for (let more = true; more; ) {
  more = false;
  for (const name of [...shown]) {
    if (described.has(name)) continue;
    more = true;
    const schema = schemas[name];
    const text = schema.description === undefined ? [] : [schema.description.replaceAll('<', '&lt;'), ''];
    const elements = schema.type === 'array' ? [`A list of ${typeOf(schema.items)}.`, ''] : [];
    described.set(name, [`## ${name}`, '', ...text, ...elements, ...table('field', rows(schema, []))]);
  }
}
written.set('messages.md', [
  '# Messages',
  '',
  GENERATED,
  '',
  'Messages that several calls share, or that are parts of other messages.',
  '',
  ...[...described].toSorted(([one], [other]) => (one < other ? -1 : 1)).flatMap(([, lines]) => lines),
]);

const check = process.argv.includes('--check');
const stale = [];
if (!check) mkdirSync(folder, { recursive: true });
for (const [file, lines] of written) {
  const text = `${lines.join('\n').trimEnd()}\n`;
  const path = join(folder, file);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
  stale.push(file);
  if (!check) writeFileSync(path, text);
}
for (const file of readdirSync(folder)) {
  if (file === 'index.md' || written.has(file)) continue;
  stale.push(file);
  if (!check) rmSync(join(folder, file));
}
if (check && stale.length > 0) {
  console.error(`docs/api is stale (${stale.join(', ')}): run \`npm run docs:reference\` and commit the result`);
  process.exitCode = 1;
}
