import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { type ErrorCode, toVectronError } from '@vectron/errors';
import { gateway, messageOf } from '@vectron/proto';
import { callContext, createClient } from '@vectron/rpc';
import { connect, open, type VectronClient } from '@vectron/sdk';
import type { Command, CommanderError } from 'commander';
import { vectronProgram } from '../../../apps/cli/src/program.js';
import type { System } from '../../harness/system.js';
import { jsonText, messageBytes, Unsayable } from './carriers.js';

export type Method =
  | 'createCollection'
  | 'upsert'
  | 'search'
  | 'query'
  | 'listPoints'
  | 'count'
  | 'facets'
  | 'updatePoints'
  | 'deletePoints'
  | 'get'
  | 'delete'
  | 'createIndex'
  | 'updateAliases'
  | 'listChanges'
  | 'measureRecall';

/** One input, and what each home is told where it differs from what is made of `given`. */
export interface Input {
  readonly method: Method;
  /** Instead of the one that there is. */
  readonly collection?: unknown;
  /** What the SDK's method takes after the collection; of createCollection, with its `name`. */
  readonly given: unknown;
  /** Body of the REST request. */
  readonly json?: string | Buffer;
  /** Bytes of the gRPC message. */
  readonly grpc?: Buffer;
  /** Words of the command line behind `vectron`. */
  readonly cli?: readonly string[];
  /** Homes that are not asked, with the reason. */
  readonly not?: Readonly<Partial<Record<HomeName, string>>>;
}

export type HomeName = 'REST' | 'gRPC' | 'SDK over REST' | 'SDK over gRPC' | 'embedded' | 'CLI';

/** What became of an input. `field`: the place that is wrong. */
export type Verdict =
  | { readonly code: 'OK'; readonly answer: unknown }
  | { readonly code: ErrorCode; readonly field?: string; readonly message: string };

export interface Home {
  readonly name: HomeName;
  /** Reads and writes the same data, past what is tested. */
  readonly data: VectronClient;
  /** Throws Unsayable when there is no way to say it. */
  ask(input: Input): Promise<Verdict>;
  close(): Promise<void>;
}

export const COLLECTION = 'verdicts';

/** What a read answers, in the words that all homes share: ids, in their order, or counts. */
const ANSWERS: Partial<Record<Method, (answer: never) => unknown>> = {
  search: ({ hits, results = hits }: Hits) => results.map(({ id, score }) => [id, Math.fround(score)]),
  query: ({ hits, results = hits }: Hits) => results.map(({ id }) => id),
  listPoints: ({ points }: { points: { id: string }[] }) => points.map(({ id }) => id),
  count: ({ count }: { count: number | string | bigint }) => Number(count),
  facets: ({ values }: { values: { value: unknown }[] }) => values.map(({ value }) => value),
  get: (point: { id?: string; point?: { id: string } }) => point.point?.id ?? point.id,
};
interface Hits {
  hits: { id: string; score: number }[];
  results?: { id: string; score: number }[];
}
const answerOf = (method: Method, answer: unknown) => ANSWERS[method]?.(answer as never);

async function verdictOf(method: Method, ask: () => Promise<unknown>): Promise<Verdict> {
  try {
    const answer = await ask();
    if (method === 'get' && answer === undefined) return { code: 'POINT_NOT_FOUND', message: '' };
    return { code: 'OK', answer: answerOf(method, answer) };
  } catch (error) {
    if (error instanceof Unsayable) throw error;
    const { code, details, message, cause } = toVectronError(error);
    const why = code === 'INTERNAL' && cause !== undefined ? `${message}: ${String(cause)}` : message;
    return { code, field: details.field, message: why };
  }
}

function askSdk(db: VectronClient, input: Input): Promise<unknown> {
  const { method, given } = input;
  const name = ('collection' in input ? input.collection : COLLECTION) as string;
  if (method === 'createCollection') {
    const { name, ...options } = given as { name: string; dimension: number };
    return db.createCollection(name, options);
  }
  if (method === 'facets') {
    const { path, ...options } = given as { path: string };
    return db.facets(name, path, options);
  }
  if (method === 'updateAliases') return db.updateAliases(given as object);
  return (db[method] as (collection: string, given: unknown) => Promise<unknown>)(name, given);
}

const sdkHome = (name: HomeName, db: VectronClient): Home => ({
  name,
  data: db,
  ask: (input) => verdictOf(input.method, async () => askSdk(db, input)),
  close: () => db.close(),
});

const ROUTES: Record<Method, readonly [string, string]> = {
  createCollection: ['POST', '/v1/collections'],
  upsert: ['POST', `/v1/collections/${COLLECTION}/points`],
  search: ['POST', `/v1/collections/${COLLECTION}/points/search`],
  query: ['POST', `/v1/collections/${COLLECTION}/points/query`],
  listPoints: ['POST', `/v1/collections/${COLLECTION}/points/list`],
  count: ['POST', `/v1/collections/${COLLECTION}/points/count`],
  facets: ['POST', `/v1/collections/${COLLECTION}/points/facets`],
  updatePoints: ['POST', `/v1/collections/${COLLECTION}/points/update`],
  deletePoints: ['POST', `/v1/collections/${COLLECTION}/points/delete`],
  get: ['POST', '/v1/points/get'],
  delete: ['POST', '/v1/points/delete'],
  createIndex: ['POST', `/v1/collections/${COLLECTION}/indexes`],
  updateAliases: ['POST', '/v1/aliases'],
  listChanges: ['GET', `/v1/collections/${COLLECTION}/changes`],
  measureRecall: ['POST', `/v1/collections/${COLLECTION}/recall:measure`],
};

/** The fields of the message of the call, but for the collection in REST's path. */
function fieldsOf(input: Input): object {
  const { method, given } = input;
  switch (method) {
    case 'upsert':
      return { points: given };
    case 'get':
    case 'delete':
      return { collection: 'collection' in input ? input.collection : COLLECTION, id: given };
    case 'createIndex':
      return { index: given };
    default: {
      if (typeof given !== 'object' || given === null) throw new Unsayable('there are no fields of that');
      const { consistency, includePayload, ...rest } = given as Record<string, unknown>;
      const level = consistency === undefined ? {} : { consistency: levelOf(consistency) };
      return { ...rest, ...level, ...(includePayload === undefined ? {} : { includeMetadata: includePayload }) };
    }
  }
}

function levelOf(consistency: unknown): unknown {
  if (typeof consistency === 'string') return { level: consistency };
  const { writeToken, maxStalenessMs, ...rest } = consistency as Record<string, unknown>;
  if (writeToken !== undefined) return { level: 'at_least', writeToken, ...rest };
  return { level: 'bounded', maxStalenessMs, ...rest };
}

function restHome({ http, adminKey }: System, data: VectronClient): Home {
  const send = async (input: Input): Promise<unknown> => {
    const [verb, route] = ROUTES[input.method];
    const path = 'collection' in input ? route.replace(COLLECTION, inPath(input.collection)) : route;
    const body = input.json ?? jsonText(fieldsOf(input));
    const query = verb === 'GET' ? `?${new URLSearchParams(JSON.parse(String(body)) as Record<string, string>)}` : '';
    const answer = await fetch(http + path + query, {
      method: verb,
      body: verb === 'GET' ? undefined : (body as string),
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    });
    const parsed = JSON.parse(await answer.text()) as RestAnswer;
    if (answer.ok) return parsed;
    const [info, bad] = parsed.details;
    throw {
      status: answer.status,
      code: info.reason,
      field: bad?.fieldViolations?.[0]?.field,
      message: parsed.message,
    };
  };
  return {
    name: 'REST',
    data,
    async ask(input) {
      try {
        return { code: 'OK', answer: answerOf(input.method, await send(input)) };
      } catch (error) {
        if (error instanceof Error) throw error;
        return error as Verdict;
      }
    },
    close: async () => {},
  };
}

function inPath(collection: unknown): string {
  // URLs resolve the segments `.` and `..`, and have no empty one.
  if (typeof collection !== 'string' || !collection.isWellFormed() || /^\.{0,2}$/.test(collection)) {
    throw new Unsayable('a path has no such segment');
  }
  return encodeURIComponent(collection);
}
interface RestAnswer {
  readonly message: string;
  readonly details: { reason: ErrorCode; fieldViolations?: { field: string }[] }[];
}

const REQUESTS: Record<Method, string> = {
  createCollection: 'CreateCollectionRequest',
  upsert: 'UpsertRequest',
  search: 'SearchRequest',
  query: 'QueryRequest',
  listPoints: 'ListPointsRequest',
  count: 'CountPointsRequest',
  facets: 'FacetPointsRequest',
  updatePoints: 'UpdatePointsRequest',
  deletePoints: 'DeletePointsRequest',
  get: 'GetRequest',
  delete: 'DeleteRequest',
  createIndex: 'CreateIndexRequest',
  updateAliases: 'UpdateAliasesRequest',
  listChanges: 'ListChangesRequest',
  measureRecall: 'MeasureRecallRequest',
};
const RPCS: Partial<Record<Method, keyof typeof gateway.VectronServiceService>> = {
  count: 'countPoints',
  facets: 'facetPoints',
};

function grpcHome({ grpc, adminKey }: System, data: VectronClient): Home {
  const definition = gateway.VectronServiceService;
  const asBytes = Object.fromEntries(
    Object.entries(definition).map(([name, method]) => [
      name,
      { ...method, requestSerialize: (bytes: Buffer) => bytes },
    ]),
  );
  const client = createClient(asBytes as unknown as typeof definition, grpc);
  return {
    name: 'gRPC',
    data,
    ask: async (input) => {
      const verdict = await verdictOf(input.method, async () => {
        const fields = input.grpc === undefined ? fieldsOf(input) : {};
        const collection = 'collection' in input ? input.collection : COLLECTION;
        const scope = input.method === 'createCollection' || input.method === 'updateAliases' ? {} : { collection };
        const bytes =
          input.grpc ?? messageBytes(`vectron.v1.${REQUESTS[input.method]}`, protoFields({ ...scope, ...fields }));
        const call = client.api[(RPCS[input.method] ?? input.method) as 'upsert'] as unknown as (
          bytes: Buffer,
          context: ReturnType<typeof callContext>,
        ) => Promise<unknown>;
        return call(bytes, callContext({ authorization: `Bearer ${adminKey}` }));
      });
      // Protobuf has no `eq`: it is an `in` with one value.
      const field = verdict.code === 'OK' ? undefined : verdict.field?.replace(/\.in\[0\]$/, '.eq');
      return verdict.code === 'OK' ? verdict : { ...verdict, field };
    },
    close: async () => client.close(),
  };
}

/** Payloads have their own names in the message. */
function protoFields({ points, ...rest }: Record<string, unknown>): object {
  if (points === undefined) return rest;
  if (!Array.isArray(points)) throw new Unsayable('points are a list in the proto');
  const own = points.map((point: unknown) => {
    if (typeof point !== 'object' || point === null || Array.isArray(point))
      throw new Unsayable('a point is a message');
    const { payload, ...others } = point as Record<string, unknown>;
    return payload === undefined ? others : { ...others, document: payload };
  });
  return { ...rest, points: own };
}

/** Flags by the names of the options that they stand for. */
const FLAGS: Record<string, string> = {
  likeId: 'like',
  vector: 'vector',
  query: 'query',
  topK: 'top-k',
  ef: 'ef',
  recall: 'recall',
  filter: 'filter',
  whyNot: 'why-not',
  limit: 'limit',
  cursor: 'cursor',
  queries: 'queries',
  timeoutMs: 'timeout-ms',
  dimension: 'dimension',
  distance: 'distance',
  shards: 'shards',
  replicas: 'replicas',
  durability: 'durability',
  set: 'set',
  remove: 'remove',
  replace: 'replace',
  ids: 'ids',
  type: 'type',
  language: 'language',
};
/** Flags of the command that stands for each method; others have a name of their own there, or none. */
const COMMANDS: Partial<Record<Method, readonly [words: string, ...flags: string[]]>> = {
  createCollection: ['collections create', 'dimension', 'distance', 'shards', 'replicas', 'durability'],
  search: ['search', 'likeId', 'vector', 'query', 'topK', 'ef', 'recall', 'filter', 'whyNot'],
  listPoints: ['points list', 'limit', 'cursor', 'filter'],
  count: ['points count', 'filter'],
  facets: ['points facets', 'filter', 'limit'],
  updatePoints: ['points update', 'ids', 'filter', 'set', 'remove', 'replace'],
  deletePoints: ['points delete-where', 'filter'],
  get: ['points get'],
  delete: ['points delete'],
  createIndex: ['indexes create', 'type', 'language'],
  measureRecall: ['recall', 'queries', 'topK', 'ef', 'recall', 'filter', 'timeoutMs'],
};
/** Flags whose value is JSON. */
const JSON_FLAGS = new Set(['vector', 'filter', 'set', 'remove', 'replace', 'ids']);

function wordsOf(input: Input, file: string): string[] {
  const { method, given } = input;
  const collection = 'collection' in input ? input.collection : COLLECTION;
  if (input.cli !== undefined) return [...input.cli];
  if (method === 'upsert') {
    if (collection !== COLLECTION) throw new Unsayable('tried by other commands');
    writeFileSync(file, input.json === undefined ? jsonText(given) : pointsOf(input.json));
    return ['points', 'upsert', COLLECTION, '--file', file];
  }
  const [words, ...flags] = COMMANDS[method] ?? [];
  if (words === undefined) throw new Unsayable('there is no such command');
  if (input.json !== undefined) throw new Unsayable('a command line is no JSON');
  if (method === 'get' || method === 'delete') {
    if (typeof given !== 'string' || !given.isWellFormed() || given.includes('\0')) {
      throw new Unsayable('a command line has no such word');
    }
    if (collection !== COLLECTION) throw new Unsayable('tried by other commands');
    return [...words.split(' '), '--', COLLECTION, given];
  }
  const { name, path, ...options } = (given ?? {}) as Record<string, unknown>;
  const positional = method === 'createCollection' ? [name] : [collection, ...(path === undefined ? [] : [path])];
  for (const word of positional) {
    if (typeof word !== 'string' || !word.isWellFormed()) throw new Unsayable('a command line has no such word');
  }
  const given_ = Object.entries(options).flatMap(([key, value]) => {
    if (value === undefined) return [];
    const field = messageOf(`vectron.v1.${REQUESTS[method]}`).fields.find(({ json }) => json === key);
    const isOption = field !== undefined || key === 'includePayload';
    if (isOption && !flags.includes(key)) throw new Unsayable(`vectron ${words} has no flag for ${key}`);
    if (field?.type === 'string' && !field.list && typeof value !== 'string') throw new Unsayable('a flag is a text');
    if (typeof value === 'function') throw new Unsayable('a flag is a text');
    const flag = `--${FLAGS[key] ?? key}`;
    if (JSON_FLAGS.has(key)) return [`${flag}=${jsonText(value)}`];
    if (value === null || typeof value === 'object') throw new Unsayable('a flag is a text');
    if (typeof value === 'string' && !value.isWellFormed()) throw new Unsayable('a command line has no such word');
    return typeof value === 'boolean' ? (value ? [flag] : []) : [`${flag}=${String(value)}`];
  });
  return [...words.split(' '), ...given_, '--', ...(positional as string[])];
}

/** The list of points of a body. */
function pointsOf(body: string | Buffer): string | Buffer {
  const bytes = Buffer.from(body as string).toString('latin1');
  const match = /^((?:\xef\xbb\xbf)*)\{"points":(.*)\}$/s.exec(bytes);
  if (match === null) throw new Unsayable('it is the body of a request');
  return Buffer.from(match[1] + match[2], 'latin1');
}

/** Throws what the command ends with, instead of ending the process. */
function thrown(command: Command): Command {
  command.exitOverride((error: CommanderError) => {
    throw error;
  });
  command.configureOutput({ writeErr: () => {}, writeOut: () => {} });
  command.commands.forEach(thrown);
  return command;
}

function cliHome({ http, adminKey }: System, data: VectronClient): Home {
  const dir = mkdtempSync(join(tmpdir(), 'vectron-verdicts-cli-'));
  const file = join(dir, 'points.json');
  const run = async (words: readonly string[]): Promise<unknown> => {
    const out = jest.spyOn(console, 'log').mockImplementation(() => {});
    try {
      const own = [...words];
      const end = own.indexOf('--');
      own.splice(end < 0 ? own.length : end, 0, '--json', '--url', http, '--api-key', adminKey);
      await thrown(await vectronProgram()).parseAsync(['node', 'vectron', ...own]);
      const text = out.mock.calls.map(([line]) => String(line)).join('\n');
      return JSON.parse(text) as unknown;
    } finally {
      out.mockRestore();
    }
  };
  return {
    name: 'CLI',
    data,
    async ask(input) {
      const words = wordsOf(input, file);
      try {
        return { code: 'OK', answer: answerOf(input.method, await run(words)) };
      } catch (error) {
        // Wrong usage is a wrong argument.
        if ((error as Error).constructor.name.match(/^(CommanderError|InvalidArgumentError)$/)) {
          return { code: 'INVALID_ARGUMENT', message: (error as Error).message };
        }
        const { code, details, message, cause } = toVectronError(error);
        return { code, field: details.field, message: code === 'INTERNAL' ? `${message}: ${String(cause)}` : message };
      }
    },
    async close() {
      rmSync(dir, { recursive: true });
    },
  };
}

/** The six homes: five of a running server, and a database in this process. */
export async function openHomes(system: System): Promise<Home[]> {
  const dir = mkdtempSync(join(tmpdir(), 'vectron-verdicts-'));
  const embedded = await open(dir);
  const rest = connect(system.http, { apiKey: system.adminKey });
  const grpc = connect(`grpc://${system.grpc}`, { apiKey: system.adminKey });
  const inProcess = sdkHome('embedded', embedded);
  return [
    restHome(system, rest),
    grpcHome(system, rest),
    sdkHome('SDK over REST', rest),
    sdkHome('SDK over gRPC', grpc),
    cliHome(system, rest),
    {
      ...inProcess,
      async close() {
        await inProcess.close();
        rmSync(dir, { recursive: true });
      },
    },
  ];
}
