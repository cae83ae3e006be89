import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, open, type VectronClient } from '@vectron/sdk';
import { McpToolError, type StdioMcp, startStdioMcp } from '../harness/mcp.js';
import { CLI, VectronProcess } from '../harness/process.js';
import { type ProcessSystem, startSingle, tempDir } from '../harness/system.js';

const READING = [
  ...['list_collections', 'describe_collection', 'search', 'hybrid_search', 'explain_search'],
  ...['get_points', 'list_points', 'count_points', 'facets'],
];
const WRITING = ['upsert_points', 'update_payload', 'delete_points'];
/** The next double is 2 away. */
const LARGE = 9_007_199_254_740_993n;

const DOCS = [
  { id: 'mail', text: 'a mail transport agent that delivers messages', section: 'mail', size: 10 },
  { id: 'news', text: 'a reader of news groups and feeds', section: 'news', size: 20 },
  { id: 'web', text: 'a web server for static pages', section: 'web', size: 30 },
  { id: 'web2', text: 'a web server with a cache', section: 'web', size: 40 },
];

async function fill(db: VectronClient): Promise<void> {
  await db.createCollection('docs', {
    dimension: 64,
    embedding: { provider: 'local' },
    indexes: [
      { path: 'section', type: 'keyword' },
      { path: 'text', type: 'text', language: 'english' },
    ],
    sparseVectors: ['terms'],
  });
  await db.upsert(
    'docs',
    DOCS.map(({ id, text, ...payload }) => ({
      ...{ id, text, payload: { ...payload, serial: LARGE } },
      sparse: { terms: { indices: [payload.size], values: [1] } },
    })),
  );
  await db.createCollection('plain', { dimension: 2, distance: 'euclidean' });
  await db.upsert('plain', [{ id: 'x', vector: [1, 2], payload: {} }]);
  await db.createCollection('secret', { dimension: 2 });
  await db.upsert('secret', [{ id: 's', vector: [1, 2], payload: { password: 'hunter2' } }]);
  await db.updateAliases({ set: [{ alias: 'docs-now', collection: 'docs' }] });
  await db.updateAliases({ set: [{ alias: 'way-in', collection: 'secret' }] });
}

/** What a call is refused with. */
async function refusal(work: Promise<unknown>): Promise<McpToolError['body']> {
  try {
    await work;
  } catch (error) {
    if (error instanceof McpToolError) return error.body;
    throw error;
  }
  return { code: 'was not refused', message: '', retryable: false };
}

const idsOf = ({ hits }: { hits: { id: string }[] }) => hits.map(({ id }) => id);

let system: ProcessSystem;
let db: VectronClient;
let mcp: StdioMcp;
const reach = (): Record<string, string> => ({ VECTRON_URL: system.http, VECTRON_API_KEY: system.adminKey });

beforeAll(async () => {
  system = await startSingle();
  db = connect(system.http, { apiKey: system.adminKey });
  await fill(db);
  mcp = await startStdioMcp([], reach());
});
afterAll(async () => {
  await mcp?.close();
  await db?.close();
  await system?.stop();
});

describe('the tools of a read-only server', () => {
  it('are those that read, and say so', async () => {
    const { tools } = await mcp.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(READING);
    for (const { name, annotations, inputSchema, outputSchema, description } of tools) {
      expect([name, annotations]).toEqual([
        name,
        expect.objectContaining({ readOnlyHint: true, destructiveHint: false }),
      ]);
      expect([name, inputSchema.additionalProperties, outputSchema?.type]).toEqual([name, false, 'object']);
      expect((description ?? '').length).toBeGreaterThan(40);
    }
    expect(mcp.client.getServerVersion()).toMatchObject({ name: 'vectron', version: '0.1.0' });
    expect(mcp.client.getInstructions()).toContain('list_collections');
  });

  it.each(WRITING)('do not have %s, and nothing is written by its name', async (name) => {
    const args = { collection: 'plain', points: [{ id: 'new', vector: [1, 2] }], ids: ['x'], set: { a: 1 } };
    await expect(mcp.client.callTool({ name, arguments: args })).rejects.toThrow(`there is no tool ${name}`);
    expect(await db.count('plain')).toMatchObject({ count: 1 });
  });
});

describe('looking at collections', () => {
  it('lists them with their aliases', async () => {
    const { collections } = await mcp.call('list_collections');
    expect(collections.map((one: { name: string }) => one.name)).toEqual(['docs', 'plain', 'secret']);
    expect(collections[0]).toMatchObject({ aliases: ['docs-now'], dimension: 64, distance: 'cosine' });
  });

  it('describes one: counts, text, indexes, vectors, settings', async () => {
    const docs = await mcp.call('describe_collection', { collection: 'docs' });
    expect(docs).toMatchObject({ name: 'docs', points: 4, dimension: 64, shardsNotReady: 0 });
    expect(docs).toMatchObject({ embedding: { provider: 'local', textField: 'text' }, textIndexes: ['text'] });
    expect(docs).toMatchObject({ sparseVectors: ['terms'], namedVectors: [] });
    expect(docs.payloadIndexes.map((one: { path: string }) => one.path).sort()).toEqual(['section', 'text']);
    const plain = await mcp.call('describe_collection', { collection: 'plain' });
    expect([plain.embedding, plain.textIndexes]).toEqual([undefined, []]);
  });

  it('measures the recall when it is asked to, and says why it could not', async () => {
    const docs = await mcp.call('describe_collection', { collection: 'docs', measureRecall: true });
    expect(docs.recall).toMatchObject({ recall: 1, queries: expect.any(Number) });
    await db.createCollection('empty', { dimension: 2 });
    const empty = await mcp.call('describe_collection', { collection: 'empty', measureRecall: true });
    expect([empty.recall, empty.recallNotMeasured]).toEqual([undefined, expect.any(String)]);
    await db.deleteCollection('empty');
  });

  it('gives them as resources, too', async () => {
    const { resources } = await mcp.client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual(
      ['docs', 'plain', 'secret'].map((one) => `vectron://collections/${one}`),
    );
    const { contents } = await mcp.client.readResource({ uri: 'vectron://collections/docs' });
    expect(JSON.parse((contents[0] as { text: string }).text)).toMatchObject({ name: 'docs', points: 4 });
    const { resourceTemplates } = await mcp.client.listResourceTemplates();
    expect(resourceTemplates).toMatchObject([{ uriTemplate: 'vectron://collections/{name}' }]);
    await expect(mcp.client.readResource({ uri: 'vectron://collections/none' })).rejects.toMatchObject({
      code: -32_002,
      data: { code: 'COLLECTION_NOT_FOUND', requestId: expect.any(String) },
    });
    await expect(mcp.client.readResource({ uri: 'file:///etc/passwd' })).rejects.toMatchObject({ code: -32_002 });
  });
});

describe('searching', () => {
  it('by text: by meaning, or by words where they are asked for', async () => {
    const meaning = await mcp.call('search', { collection: 'docs', text: 'web server', topK: 2 });
    expect([meaning.searchedBy, idsOf(meaning).sort(), meaning.complete]).toEqual(['meaning', ['web', 'web2'], true]);
    const words = await mcp.call('search', { collection: 'docs', text: 'feeds', searchBy: 'words' });
    expect([words.searchedBy, idsOf(words)]).toEqual(['words', ['news']]);
    expect(words.hits[0].payload).toMatchObject({ section: 'news', size: 20 });
  });

  it('by vector, and by a point, with a filter', async () => {
    const near = await mcp.call('search', { collection: 'plain', vector: [1, 2], exact: true, includeVectors: true });
    expect(near).toMatchObject({ searchedBy: 'vector', hits: [{ id: 'x', score: 1, vector: [1, 2] }] });
    const like = { collection: 'docs', likeId: 'web', filter: { field: 'section', eq: 'web' } };
    const similar = await mcp.call('search', { ...like, fields: ['size'] });
    expect([similar.searchedBy, idsOf(similar), similar.hits[0].payload]).toEqual(['likeId', ['web2'], { size: 40 }]);
    expect((await mcp.call('search', { ...like, fields: [] })).hits[0].payload).toBeUndefined();
  });

  it('in several ways at once, fused or in groups', async () => {
    const all = await mcp.call('hybrid_search', { collection: 'docs', text: 'static web server', topK: 2 });
    expect([all.branches.map((one: { searchedBy: string }) => one.searchedBy), idsOf(all)[0]]).toEqual([
      ['text', 'words'],
      'web',
    ]);
    const branches = [
      { words: { query: 'reader' }, weight: 2 },
      { sparse: { name: 'terms', indices: [10], values: [1] } },
      { examples: { positiveIds: ['web'] } },
    ];
    const each = await mcp.call('hybrid_search', { collection: 'docs', branches, fusion: 'weighted' });
    expect(idsOf(each)).toEqual(expect.arrayContaining(['news', 'mail', 'web2']));
    const groupBy = { path: 'section', groupSize: 1 };
    const grouped = await mcp.call('hybrid_search', { collection: 'docs', text: 'web server', groupBy });
    expect(grouped.groups[0]).toMatchObject({ value: 'web', hits: [{ id: expect.stringMatching(/^web/) }] });
  });

  it('says how an answer came about, and why a point is not in it', async () => {
    const asked = { collection: 'docs', text: 'web server', topK: 1, filter: { field: 'section', eq: 'web' } };
    const explained = await mcp.call('explain_search', { ...asked, whyNot: 'mail' });
    expect(explained.whyNot).toMatchObject({ id: 'mail', step: 'filtered_out', reason: expect.any(String) });
    expect(explained.steps.map((one: { name: string }) => one.name)).toContain('shard');
    expect(explained.shards.length).toBeGreaterThan(0);
  });

  it('refuses what it cannot do, with a code, the field and, from the server, the id of the request', async () => {
    const cases: [string, Record<string, unknown>, Record<string, unknown>][] = [
      ['search', { collection: 'docs', text: 'a', topK: 101 }, { code: 'INVALID_ARGUMENT', field: 'topK' }],
      ['search', { collection: 'docs', text: 'a', topK: 0 }, { code: 'INVALID_ARGUMENT', field: 'topK' }],
      ['search', { collection: 'docs', text: 'a', topk: 5 }, { code: 'INVALID_ARGUMENT' }],
      ['search', { collection: 'docs' }, { code: 'INVALID_ARGUMENT', field: 'text' }],
      ['search', { collection: 'docs', text: 'a', likeId: 'web' }, { code: 'INVALID_ARGUMENT', field: 'text' }],
      ['search', { collection: 'docs', text: 'a', filter: [] }, { code: 'INVALID_ARGUMENT', field: 'filter' }],
      ['search', { collection: 'docs', text: 'a', filter: { feild: 'a', eq: 1 } }, { code: 'INVALID_ARGUMENT' }],
      [
        'search',
        { collection: 'plain', vector: [1, 2, 3] },
        { code: 'DIMENSION_MISMATCH', requestId: expect.any(String) },
      ],
      ['search', { collection: 'plain', text: 'a' }, { code: 'FAILED_PRECONDITION', field: 'text' }],
      ['hybrid_search', { collection: 'plain', text: 'a' }, { code: 'FAILED_PRECONDITION', field: 'text' }],
      ['hybrid_search', { collection: 'docs' }, { code: 'INVALID_ARGUMENT', field: 'text' }],
      ['hybrid_search', { collection: 'docs', branches: [{}] }, { code: 'INVALID_ARGUMENT', field: 'branches[0]' }],
      ['search', { collection: 'none', vector: [1] }, { code: 'COLLECTION_NOT_FOUND', requestId: expect.any(String) }],
      ['search', { collection: '../../v1/users', vector: [1] }, { code: expect.stringMatching(/INVALID|NOT_FOUND/) }],
      ['get_points', { collection: 'docs', ids: [] }, { code: 'INVALID_ARGUMENT', field: 'ids' }],
      ['list_points', { collection: 'docs', orderBy: 'size', cursor: 'nonsense' }, { code: 'INVALID_ARGUMENT' }],
    ];
    for (const [tool, args, body] of cases) {
      expect([tool, args, await refusal(mcp.call(tool, args))]).toEqual([tool, args, expect.objectContaining(body)]);
    }
  });
});

describe('points', () => {
  it('are got by id, listed, counted, and counted by value', async () => {
    const got = await mcp.call('get_points', { collection: 'docs', ids: ['web', 'none', 'web'], fields: ['section'] });
    expect(got).toMatchObject({
      points: [{ id: 'web', payload: { section: 'web' }, version: expect.any(Number) }],
      missing: ['none'],
    });
    const first = await mcp.call('list_points', { collection: 'docs', orderBy: 'size', descending: true, limit: 3 });
    expect(first.points.map((one: { id: string }) => one.id)).toEqual(['web2', 'web', 'news']);
    const next = { collection: 'docs', orderBy: 'size', descending: true, cursor: first.nextCursor };
    expect((await mcp.call('list_points', next)).points).toMatchObject([{ id: 'mail' }]);
    const filter = { field: 'size', gt: 15 };
    expect(await mcp.call('count_points', { collection: 'docs', filter })).toMatchObject({ count: 3, exact: true });
    const { values } = await mcp.call('facets', { collection: 'docs', path: 'section', filter, limit: 1 });
    expect(values).toEqual([{ value: 'web', count: 2 }]);
  });

  it('keep integers beyond 2^53, in answers and in filters, and refuse them where they may have been rounded', async () => {
    const [{ payload }] = (await mcp.call('get_points', { collection: 'docs', ids: ['web'] })).points;
    expect(payload.serial).toEqual({ $number: String(LARGE) });
    const count = async (serial: unknown) =>
      (await mcp.call('count_points', { collection: 'docs', filter: { field: 'serial', eq: serial } })).count;
    expect(await count(payload.serial)).toBe(4);
    expect(await count({ $number: String(LARGE - 1n) })).toBe(0);
    const rounded = refusal(count(Number(LARGE)));
    expect(await rounded).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('$number') });
    expect(await refusal(count({ $number: 'five' }))).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('an answer beyond its bytes', () => {
  let small: StdioMcp;
  beforeAll(async () => {
    await db.createCollection('long', { dimension: 2 });
    const points = Array.from({ length: 30 }, (_, at) => ({
      id: `p${String(at).padStart(2, '0')}`,
      vector: [1, at],
      payload: { text: 'ü'.repeat(at === 29 ? 40_000 : 1_500) },
    }));
    await db.upsert('long', points);
    small = await startStdioMcp(['--max-answer', '16KiB'], reach());
  });
  afterAll(async () => {
    await small?.close();
    await db.deleteCollection('long');
  });

  it('is cut, says so, and fits', async () => {
    const found = await small.call('search', { collection: 'long', vector: [1, 1], topK: 20 });
    expect(found.cut).toEqual({ omitted: 20 - found.hits.length, shortened: 0, hint: expect.stringContaining('topK') });
    expect(found.hits.length).toBeGreaterThan(1);
    expect(Buffer.byteLength(JSON.stringify(found))).toBeLessThanOrEqual(16 << 10);
  });

  it('that is a list goes on behind what was given: every point comes once', async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page = await small.call('list_points', { collection: 'long', limit: 25, cursor });
      expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThanOrEqual(16 << 10);
      seen.push(...page.points.map((one: { id: string }) => one.id));
      cursor = page.nextCursor;
      pages += 1;
    } while (cursor !== undefined);
    expect(pages).toBeGreaterThan(3);
    expect(seen).toEqual(Array.from({ length: 30 }, (_, at) => `p${String(at).padStart(2, '0')}`));
  });

  it('that is one large point is shortened, and says so', async () => {
    const { points, cut } = await small.call('get_points', { collection: 'long', ids: ['p29'] });
    expect(cut).toMatchObject({ omitted: 0, shortened: 1 });
    expect(points[0]).toMatchObject({ id: 'p29', shortened: true });
    expect(points[0].payload.text).toMatch(/^ü{300}… \(cut; 40000 UTF-16 units in all\)$/);
  });
});

describe('a server with --write', () => {
  let writer: StdioMcp;
  beforeAll(async () => {
    await db.createCollection('notes', { dimension: 16, embedding: { provider: 'local' } });
    writer = await startStdioMcp(['--write'], reach());
  });
  afterAll(async () => {
    await writer?.close();
    await db.deleteCollection('notes');
  });

  it('has tools that write, and they say that they destroy', async () => {
    const { tools } = await writer.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([...READING, ...WRITING]);
    for (const { name, annotations } of tools.filter((one) => WRITING.includes(one.name)))
      expect([name, annotations]).toEqual([
        name,
        expect.objectContaining({ readOnlyHint: false, destructiveHint: true }),
      ]);
  });

  it('writes texts and vectors, changes payloads, and deletes', async () => {
    const payload = { tag: 'a', serial: { $number: String(LARGE) }, odd: { $$number: 'kept' } };
    const points = [
      { id: 'one', text: 'a note about trains', payload },
      { id: 'two', vector: Array.from({ length: 16 }, (_, at) => at), payload: { tag: 'b' } },
    ];
    expect(await writer.call('upsert_points', { collection: 'notes', points })).toEqual({ upserted: 2 });
    const stored = await db.get('notes', 'one');
    expect(stored?.payload).toEqual({ tag: 'a', serial: LARGE, odd: { $number: 'kept' }, text: 'a note about trains' });
    const [read] = (await writer.call('get_points', { collection: 'notes', ids: ['one'] })).points;
    expect(read.payload).toEqual({ ...payload, text: 'a note about trains' });
    expect(idsOf(await writer.call('search', { collection: 'notes', text: 'trains', topK: 1 }))).toEqual(['one']);
    const filter = { field: 'tag', eq: 'b' };
    const change = { collection: 'notes', filter, set: { 'seen.by': 'Ada' }, remove: ['tag'] };
    expect(await writer.call('update_payload', change)).toEqual({ updated: 1 });
    expect((await db.get('notes', 'two'))?.payload).toEqual({ seen: { by: 'Ada' } });
    expect(await writer.call('delete_points', { collection: 'notes', ids: ['two', 'none'] })).toEqual({ deleted: 1 });
    expect(await db.count('notes')).toMatchObject({ count: 1 });
  });

  it('changes nothing when a write is wrong, or reaches further than was said', async () => {
    await db.upsert('notes', [
      { id: 'keep', text: 'x', payload: { tag: 'k' } },
      { id: 'keep2', text: 'y', payload: { tag: 'k' } },
    ]);
    const before = await db.listPoints('notes');
    const filter = { field: 'tag', eq: 'k' };
    const good = { id: 'new', text: 'fine' };
    const cases: [string, Record<string, unknown>, Record<string, unknown>][] = [
      ['upsert_points', { points: [good, { id: 'bad', vector: [1] }] }, { code: 'DIMENSION_MISMATCH' }],
      [
        'upsert_points',
        { points: [good, { id: 'bad', text: 'x', payload: { a: 2 ** 60 } }] },
        { field: 'points[1].payload.a' },
      ],
      ['upsert_points', { points: [{ ...good, id: 'keep', ifVersion: 7 }] }, { code: 'VERSION_CONFLICT' }],
      [
        'upsert_points',
        { points: [{ ...good, payload: JSON.parse('{"__proto__": 1}') }] },
        { code: 'INVALID_ARGUMENT' },
      ],
      [
        'upsert_points',
        { points: [{ ...good, vectors: JSON.parse('{"__proto__": [1]}') }] },
        { code: 'INVALID_ARGUMENT' },
      ],
      ['upsert_points', { points: [{ ...good, sparse: { terms: 1 } }] }, { code: 'INVALID_ARGUMENT' }],
      ['delete_points', { filter, atMost: 1 }, { code: 'FAILED_PRECONDITION', field: 'atMost' }],
      ['update_payload', { filter, atMost: 1, set: { a: 1 } }, { code: 'FAILED_PRECONDITION', field: 'atMost' }],
      ['delete_points', { filter: {} }, { code: 'INVALID_ARGUMENT' }],
      ['delete_points', {}, { code: 'INVALID_ARGUMENT', field: 'ids' }],
      ['update_payload', { ids: ['keep'] }, { code: 'INVALID_ARGUMENT', field: 'set' }],
    ];
    for (const [tool, args, body] of cases) {
      const given = { collection: 'notes', ...args };
      expect([tool, args, await refusal(writer.call(tool, given))]).toEqual([
        tool,
        args,
        expect.objectContaining(body),
      ]);
    }
    expect(await db.listPoints('notes')).toEqual(before);
    expect(await writer.call('delete_points', { collection: 'notes', filter, atMost: 2 })).toEqual({ deleted: 2 });
  });

  it('can do no more than its API key', async () => {
    const { key } = await db.createApiKey('reader', { role: 'read', collections: ['notes'] });
    const limited = await startStdioMcp(['--write', '--url', `grpc://${system.grpc}`], { VECTRON_API_KEY: key });
    const points = [{ id: 'no', text: 'no' }];
    expect(await refusal(limited.call('upsert_points', { collection: 'notes', points }))).toMatchObject({
      code: 'PERMISSION_DENIED',
      requestId: expect.any(String),
    });
    expect((await limited.call('list_collections')).collections).toMatchObject([{ name: 'notes' }]);
    await limited.close();
  });
});

describe('a server that shows some collections', () => {
  it('shows no other one by any tool, argument or resource', async () => {
    const limited = await startStdioMcp(['--write', '--collections', 'plain, docs-now'], reach());
    const { tools } = await limited.client.listTools();
    const others = ['secret', 'way-in', 'docs', ' plain', 'plain/../secret', 'secret\0plain', 'PLAIN', 'plain,docs'];
    const args: Record<string, Record<string, unknown>> = {
      search: { vector: [1, 2] },
      explain_search: { vector: [1, 2] },
      hybrid_search: { branches: [{ vector: [1, 2] }] },
      get_points: { ids: ['s'] },
      facets: { path: 'password' },
      upsert_points: { points: [{ id: 'n', vector: [1, 2] }] },
      update_payload: { ids: ['s'], set: { a: 1 } },
      delete_points: { ids: ['s'] },
    };
    let tried = 0;
    for (const { name } of tools) {
      if (name === 'list_collections') continue;
      for (const collection of others) {
        const refused = await refusal(limited.call(name, { ...args[name], collection }));
        expect([name, collection, refused]).toEqual([
          name,
          collection,
          expect.objectContaining({ code: 'PERMISSION_DENIED', field: 'collection' }),
        ]);
        tried += 1;
      }
    }
    expect(tried).toBe((tools.length - 1) * others.length);
    for (const collection of others) {
      const uri = `vectron://collections/${encodeURIComponent(collection)}`;
      await expect(limited.client.readResource({ uri })).rejects.toMatchObject({ data: { code: 'PERMISSION_DENIED' } });
    }
    const { collections } = await limited.call('list_collections');
    expect(collections).toMatchObject([{ name: 'docs-now', aliases: [] }, { name: 'plain' }]);
    const { resources } = await limited.client.listResources();
    expect(resources.map(({ name }) => name)).toEqual(['docs-now', 'plain']);
    // What is shown works, by the name under which it is.
    expect(await limited.call('describe_collection', { collection: 'docs-now' })).toMatchObject({
      name: 'docs-now',
      points: 4,
    });
    expect(await db.get('secret', 's')).toMatchObject({ payload: { password: 'hunter2' } });
    await limited.close();
  });
});

describe('when something is wrong', () => {
  it('a wrong key is told as such, and neither answer nor log has it', async () => {
    const key = `${system.adminKey.slice(0, -6)}abcdef`;
    const wrong = await startStdioMcp([], { VECTRON_URL: system.http, VECTRON_API_KEY: key });
    const answers = [];
    for (const [tool, args] of [
      ['list_collections', {}],
      ['search', { collection: 'docs', text: 'a' }],
    ] as const) {
      const answer = await wrong.client.callTool({ name: tool, arguments: args });
      answers.push(answer);
      expect(answer._meta?.['vectron/error']).toMatchObject({ code: 'UNAUTHENTICATED', requestId: expect.any(String) });
    }
    expect(JSON.stringify(answers) + wrong.stderr()).not.toContain(key);
    await wrong.close();
  });

  it('a server that is killed is UNAVAILABLE, and used again when it is back', async () => {
    const data = tempDir('mcp-killed');
    const other = await startSingle(data);
    const port = new URL(other.http).port;
    const client = await startStdioMcp(['--timeout-ms', '3000'], {
      VECTRON_URL: other.http,
      VECTRON_API_KEY: other.adminKey,
    });
    expect(await client.call('list_collections')).toEqual({ collections: [] });
    await other.processes[0].stop('SIGKILL');
    const refused = await refusal(client.call('list_collections'));
    expect(refused).toMatchObject({ code: expect.stringMatching(/^(UNAVAILABLE|DEADLINE_EXCEEDED)$/) });
    expect((await client.client.listTools()).tools).toHaveLength(READING.length);
    const again = new VectronProcess([
      'serve',
      '--data',
      data,
      '--no-sample',
      '--http',
      `127.0.0.1:${port}`,
      '--grpc',
      '127.0.0.1:0',
    ]);
    await again.until(/ready; stop/);
    expect(await client.call('list_collections')).toEqual({ collections: [] });
    await client.close();
    await again.stop();
  });

  it('a setting that is wrong stops the start, on stderr, with a code', async () => {
    const cases: [string[], Record<string, string>, RegExp][] = [
      [['--url', 'ftp://x'], {}, /INVALID_ARGUMENT/],
      [['--url', 'http://user:geheim@127.0.0.1:1'], {}, /must not contain a user or a password/],
      [['--max-answer', '1KiB'], {}, /--max-answer/],
      [['--collections', ' , '], {}, /--collections: must have a name/],
      [[], { VECTRON_MCP_WRITE: 'maybe' }, /VECTRON_MCP_WRITE/],
      [['--embedded', join(tempDir('mcp-none'), 'none')], {}, /--embedded: cannot read/],
      [['--embedded', tempDir('mcp-empty')], {}, /contains no database/],
      [['--http', '0.0.0.0:0'], {}, /would accept unencrypted connections/],
      [['--http', '127.0.0.1:0', '--embedded', system.data], {}, /--token-file/],
    ];
    for (const [args, env, said] of cases) {
      const { code, output } = await new VectronProcess(['mcp', ...args], env).finish();
      expect([args, code, output]).toEqual([args, expect.any(Number), expect.stringMatching(said)]);
      expect([args, code === 0, output.includes('geheim')]).toEqual([args, false, false]);
    }
  });
});

describe('the process', () => {
  /** `vectron mcp` with its pipes, to which lines are written as they are. */
  function raw(args: string[] = []) {
    const { PATH = '' } = process.env;
    const child = spawn(process.execPath, [CLI, 'mcp', ...args], { env: { PATH, ...reach() } });
    const lines: string[] = [];
    createInterface(child.stdout).on('line', (line) => lines.push(line));
    let said = '';
    child.stderr.on('data', (bytes) => {
      said += bytes;
    });
    const send = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    const answered = async (id: number) => {
      for (;;) {
        const found = lines.map((line) => JSON.parse(line)).find((one) => one.id === id);
        if (found !== undefined) return found;
        await once(child.stdout, 'data');
      }
    };
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'raw', version: '1' } };
    send({ id: 1, method: 'initialize', params });
    return { child, lines, send, answered, said: () => said, ended: once(child, 'exit') };
  }

  it('writes the protocol and nothing else to its standard output, whatever comes in', async () => {
    const { child, lines, send, answered, said, ended } = raw();
    await answered(1);
    child.stdin.write('this is no JSON\n{"jsonrpc":"1.0"}\n[]\n\n');
    send({ id: 2, method: 'tools/call', params: { name: 'search', arguments: { collection: 'none', vector: [1] } } });
    send({ id: 3, method: 'tools/call', params: { name: 'search', arguments: 'x' } });
    send({ id: 4, method: 'nonsense' });
    send({ id: 5, method: 'tools/call', params: { name: 'no\u0000tool' } });
    expect((await answered(2)).result.isError).toBe(true);
    for (const id of [3, 4, 5]) expect((await answered(id)).error.code).toBeLessThan(0);
    child.stdin.end();
    expect(await ended).toEqual([0, null]);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' });
    expect(said()).toContain('MCP server on the standard input and output, read-only');
    expect(said()).not.toContain(system.adminKey);
  });

  it('ends with 0 at a signal', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const { child, answered, ended } = raw();
      await answered(1);
      child.kill(signal);
      expect([signal, await ended]).toEqual([signal, [0, null]]);
    }
  });

  it('ends at a message that is larger than it takes', async () => {
    const { child, answered, ended } = raw();
    await answered(1);
    child.stdin.on('error', () => {});
    const part = 'x'.repeat(1 << 20);
    for (let sent = 0; sent < 11; sent += 1) child.stdin.write(part);
    expect(await ended).toEqual([0, null]);
  });
});

describe('an embedded database', () => {
  it('is opened, searched and written, and is whole after the end', async () => {
    const dir = join(tempDir('mcp-embedded'), 'data');
    mkdirSync(dir);
    const own = await open(dir);
    await fill(own);
    // One process has it at a time.
    const second = await new VectronProcess(['mcp', '--embedded', dir]).finish();
    expect([second.code, second.output]).toEqual([expect.any(Number), expect.stringContaining('CONFLICT')]);
    await own.close();
    const embedded = await startStdioMcp(['--embedded', dir, '--write']);
    expect((await embedded.call('list_collections')).collections).toMatchObject([
      { name: 'docs' },
      { name: 'plain' },
      { name: 'secret' },
    ]);
    expect(idsOf(await embedded.call('search', { collection: 'docs', text: 'news groups', topK: 1 }))).toEqual([
      'news',
    ]);
    const explained = await embedded.call('explain_search', { collection: 'docs', text: 'news', whyNot: 'none' });
    expect(explained.whyNot).toMatchObject({ step: 'not_stored' });
    const refused = await refusal(embedded.call('describe_collection', { collection: 'none' }));
    expect(refused).toMatchObject({ code: 'COLLECTION_NOT_FOUND' });
    await embedded.call('upsert_points', { collection: 'plain', points: [{ id: 'y', vector: [3, 4] }] });
    process.kill(embedded.pid, 'SIGTERM');
    await embedded.close();
    const after = await open(dir);
    expect(await after.count('plain')).toMatchObject({ count: 2 });
    await after.close();
  });
});

describe('docs/mcp.md', () => {
  const page = readFileSync('docs/mcp.md', 'utf8');

  it('lists the tools that there are', () => {
    const rows = [...page.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, names]) => [...names.matchAll(/`(\w+)`/g)]);
    expect(rows.map(([, name]) => name).sort()).toEqual([...READING, ...WRITING].sort());
  });

  it('has settings of clients that start a server which answers', async () => {
    const blocks = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text]) => JSON.parse(text));
    const servers = blocks.map((one) => (one.mcpServers ?? one.servers).vectron);
    const started = servers.filter(({ command }) => command !== undefined);
    expect([servers.length, started.length]).toEqual([5, 4]);
    const dir = join(tempDir('mcp-docs'), 'vectors');
    const own = await open(dir);
    await fill(own);
    await own.close();
    for (const { command, args } of started) {
      expect([command, ...args.slice(0, 3)]).toEqual(['npx', '-y', 'vectron', 'mcp']);
      const given = args.slice(3).map((one: string) => one.replace('/home/ada/vectors', dir));
      const server = await startStdioMcp(given, reach());
      const { collections } = await server.call('list_collections');
      // Of those that a block names, there is none here.
      expect([given, collections.length]).toEqual([given, given[0] === '--collections' ? 0 : 3]);
      await server.close();
    }
  });
});
