import { VectronError } from '@vectron/errors';
import { type filters, type gateway, greatestOf, type placement, type workerData } from '@vectron/proto';
import { onePage, pageBytesOfShard } from './answer-size.js';
import { type AskShard, askFor } from './ask-shard.js';
import { type Document, encodeDocument } from './document.js';
import { filterOfRead, holdsForAll } from './empty-filter.js';
import { parseJson, parseTrustedJson, stringifyJson } from './exact-json.js';
import { allOf, type Part, suspectVersions, writeParts } from './parts-of-a-write.js';
import { checkPointId } from './point-id.js';
import type { Route } from './route.js';
import { checkLimit } from './search-limits.js';

const MAX_FACETS = greatestOf('vectron.v1.FacetPointsRequest', 'limit');
/** Values each of several shards gives, so that what they have in common is counted together. */
const FACETS_OF_EACH = 100_000;
const MAX_IDS = greatestOf('vectron.v1.DeletePointsRequest', 'ids');
/** Points that one log entry changes, when a filter chooses them, and their bytes: they are in the memory of the shard together. */
const STEP = 1_000;
const STEP_BYTES = 16 << 20;

export async function countPoints(
  route: Route,
  { filter, estimate }: Pick<gateway.CountPointsRequest, 'filter' | 'estimate'>,
  ask: AskShard,
): Promise<gateway.CountPointsResponse> {
  const op = { $case: 'count', value: { filter: filterOfRead(filter), estimate } } as const;
  const counts = await Promise.all(route.shards.map((shard) => askFor(ask, shard, op, 'counted')));
  return {
    count: counts.reduce((sum, { count }) => sum + count, 0n),
    exact: counts.every(({ exact }) => exact),
    unindexed: counts.some(({ unindexed }) => unindexed),
  };
}

export async function facetPoints(
  route: Route,
  { path, filter, limit: asked }: Pick<gateway.FacetPointsRequest, 'path' | 'filter' | 'limit'>,
  ask: AskShard,
): Promise<gateway.FacetPointsResponse> {
  const limit = asked || 10;
  if (limit > MAX_FACETS) throw VectronError.invalid('limit', `limit must be 1 to ${MAX_FACETS}`);
  const op = { path, filter: filterOfRead(filter), limit: route.shards.length > 1 ? FACETS_OF_EACH : limit };
  const answers = await Promise.all(
    route.shards.map((shard) => askFor(ask, shard, { $case: 'facets', value: op }, 'facets')),
  );
  const counts = new Map<string, bigint>();
  for (const { values } of answers) {
    for (const { value, count } of values) counts.set(value, (counts.get(value) ?? 0n) + count);
  }
  const sorted = [...counts].sort(([a, x], [b, y]) => Number(y - x) || Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return {
    values: sorted.slice(0, limit).map(([value, count]) => ({ value: parseTrustedJson(value), count, valueJson: '' })),
    more: sorted.length > limit || answers.some(({ more }) => more),
    unindexed: answers.some(({ unindexed }) => unindexed),
  };
}

/**
 * A page by id, or by a value and then by id. It has fewer points than its limit where more would be too large for one answer: only an
 * empty cursor is the end.
 */
export async function pagePoints(
  route: Pick<Route, 'shards'>,
  request: Pick<gateway.ListPointsRequest, 'limit' | 'cursor' | 'filter' | 'orderBy'>,
  ask: AskShard,
): Promise<{ points: workerData.PointData[]; nextCursor: string }> {
  const { filter, orderBy, cursor } = request;
  const limit = checkLimit(request.limit);
  const from = orderBy === undefined ? { after: cursor } : parseCursor(cursor);
  const order = orderBy && { ...orderBy, afterValue: from.value };
  const op: workerData.PageOp = {
    after: from.after,
    limit,
    filter: filterOfRead(filter),
    orderBy: order,
    idsOnly: false,
    view: 0n,
    maxBytes: pageBytesOfShard(route.shards.length),
  };
  const pages = await Promise.all(
    route.shards.map(async (shard) => {
      const { points, values, keys, more } = await askFor(ask, shard, { $case: 'scroll', value: op }, 'page');
      if (orderBy !== undefined && keys.length !== points.length) {
        throw new VectronError(
          'UNAVAILABLE',
          'a worker of an older version cannot order points: upgrade it, and try again',
        );
      }
      const row = (point: workerData.PointData, at: number): Row => ({
        point,
        value: values[at] ?? 'null',
        key: keys[at] ?? NO_KEY,
      });
      return { rows: points.map(row), more };
    }),
  );
  const { rows, more } = merged(pages, orderBy?.descending ?? false);
  const within = rows.slice(0, limit);
  const shown = within.slice(0, onePage(within.map(({ point }) => point)));
  const points = shown.map(({ point }) => point);
  // A worker of an earlier release does not say whether there are more.
  const last = more || shown.length < rows.length || shown.length === limit ? shown.at(-1) : undefined;
  if (last === undefined) return { points, nextCursor: '' };
  const next = orderBy === undefined ? last.point.id : orderedCursor(last.point.id, last.value);
  return { points, nextCursor: next };
}

/** A point of a page, with the value that it is ordered by. */
interface Row {
  readonly point: workerData.PointData;
  /** JSON text. */
  readonly value: string;
  /** As the shard gives it, by which values are compared. */
  readonly key: Buffer;
}

/**
 * The pages of all shards as one. Where a shard has more than its page, only what comes before the end of that is known to be whole;
 * `more`: something comes after the rows.
 */
function merged(pages: readonly { rows: readonly Row[]; more: boolean }[], descending: boolean) {
  const more = pages.some((page) => page.more);
  if (pages.length === 1) return { rows: pages[0].rows, more };
  const compare = (a: Row, b: Row) =>
    compareKeys(a.key, b.key, descending) || Buffer.compare(Buffer.from(a.point.id), Buffer.from(b.point.id));
  const ends = pages.flatMap((page) => (page.more ? page.rows.slice(-1) : [])).sort(compare);
  const rows = pages.flatMap((page) => page.rows).sort(compare);
  return { rows: ends.length === 0 ? rows : rows.filter((row) => compare(row, ends[0]) <= 0), more };
}

const orderedCursor = (id: string, value: string) => Buffer.from(JSON.stringify([id, value])).toString('base64url');

function parseCursor(cursor: string): { after: string; value?: string } {
  if (cursor === '') return { after: '' };
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(parsed) && typeof parsed[0] === 'string' && typeof parsed[1] === 'string') {
      JSON.parse(parsed[1]);
      return { after: parsed[0], value: parsed[1] };
    }
  } catch {
    // Said below.
  }
  throw VectronError.invalid(
    'cursor',
    'the cursor is not the next_cursor of an ordered page; use that cursor unchanged',
  );
}

const NO_KEY = Buffer.alloc(0);

/** The place of two values in an order, by the keys that shards give; what has no value is last in both directions. */
function compareKeys(a: Buffer, b: Buffer, descending: boolean): number {
  const [nothing, other] = [a[0] === 255, b[0] === 255];
  if (nothing || other) return Number(nothing) - Number(other);
  return descending ? Buffer.compare(b, a) : Buffer.compare(a, b);
}

/** Which points a change is for, and what becomes of them. */
export interface PointsChange {
  readonly ids: readonly string[];
  readonly filter?: filters.Filter;
  readonly ifVersion?: bigint;
  readonly action: NonNullable<workerData.Mutation['action']>;
}

/** What an update makes of payloads. Throws INVALID_ARGUMENT naming what is wrong. */
export function payloadChange(
  request: Pick<gateway.UpdatePointsRequest, 'replace' | 'remove' | 'set'> &
    Partial<Pick<gateway.UpdatePointsRequest, 'replaceJson' | 'setJson'>>,
): NonNullable<workerData.Mutation['action']> {
  const { remove } = request;
  const replace = eitherForm(request.replace, request.replaceJson, 'replace');
  const set = eitherForm(request.set, request.setJson, 'set');
  // The checks of a payload are those of each value that is set.
  if (set !== undefined) encodeDocument(set, 'set');
  const values = Object.entries(set ?? {}).filter(([, one]) => one !== undefined);
  if (replace === undefined && remove.length === 0 && values.length === 0) {
    throw VectronError.invalid('set', 'send at least one of set, remove and replace');
  }
  const value = {
    replace: replace === undefined ? undefined : Buffer.from(encodeDocument(replace, 'replace').toString() || '{}'),
    remove: [...remove],
    set: values.map(([path, one]) => ({ path, value: Buffer.from(stringifyJson(one, `set.${path}`)) })),
  };
  return { $case: 'change', value };
}

/** An object that is given as it is, or as JSON text. */
function eitherForm(object: Document | undefined, json: string | undefined, name: string): Document | undefined {
  if (!json) return object;
  if (object !== undefined) throw VectronError.invalid(name, `send either ${name} or ${name}_json`);
  return parseJson(json, `${name}_json`) as Document;
}

/** A write of one shard; throws VectronError. */
export type ChangeShard = (shard: placement.Shard, mutation: workerData.Mutation) => Promise<workerData.Written>;

/**
 * Changes the points in steps of at most 1,000, each of which is atomic. With a filter, points are looked for once: those
 * that begin to pass meanwhile may be left out, those that do not pass any more when their step is applied are. Gives how
 * many were changed, and the last write of each shard.
 */
export async function changePoints(
  route: Route,
  change: PointsChange,
  ask: AskShard,
  write: ChangeShard,
): Promise<{ affected: bigint; writes: { shardId: number; logIndex: bigint }[] }> {
  const { ids, filter, ifVersion, action } = change;
  if (ids.length === 0 && filter === undefined) throw VectronError.invalid('ids', 'send ids, a filter, or both');
  if (filter !== undefined && holdsForAll(filter)) {
    const message = 'an empty filter chooses every point: send a condition, or delete the collection';
    throw VectronError.invalid('filter', message);
  }
  if (ids.length > MAX_IDS)
    throw VectronError.invalid('ids', `a request can have at most ${MAX_IDS} ids; send several requests`);
  if (ifVersion !== undefined && (ids.length === 0 || filter !== undefined)) {
    throw VectronError.invalid('if_version', 'if_version can only be combined with ids, not with a filter');
  }
  ids.forEach((id, at) => {
    checkPointId(id, `ids[${at}]`);
  });
  let affected = 0n;
  const writes = new Map<number, bigint>();
  const step = async (shard: placement.Shard, some: string[]) => {
    const written = await write(shard, { ids: some, filter, action, ifVersion });
    affected += BigInt(written.affected);
    writes.set(shard.shardId, written.index);
  };
  if (ids.length > 0) {
    const parts = [...route.byShard(ids.map((id) => ({ id })))];
    const expected = ifVersion === undefined ? [] : parts;
    const versioned = expected.map(
      ([shard, own]): Part<{ id: string; ifVersion: bigint }> => [
        shard,
        own.map(({ id }) => ({ id, ifVersion: ifVersion as bigint })),
      ],
    );
    const suspects = new Set(await suspectVersions(versioned, ask));
    await writeParts(parts, suspects, ([shard, own]) =>
      step(
        shard,
        own.map(({ id }) => id),
      ),
    );
  } else {
    // Ends when every shard has: nothing is changed after the answer.
    await allOf(route.shards, 0, async (shard) => {
      for (let after = ''; ; ) {
        const value = { after, limit: STEP, filter, orderBy: undefined, idsOnly: true, view: 0n, maxBytes: STEP_BYTES };
        const { points, more } = await askFor(ask, shard, { $case: 'scroll', value }, 'page');
        const found = points.map(({ id }) => id);
        if (found.length > 0) await step(shard, found);
        if (found.length === 0 || (!more && found.length < STEP)) return;
        after = found[found.length - 1];
      }
    });
  }
  return { affected, writes: [...writes].map(([shardId, logIndex]) => ({ shardId, logIndex })) };
}
