import { BATCH_SHARE } from '@vectron/model';
import type { filters, gateway } from '@vectron/proto';

/** What a read asks, as far as it tells how long it takes. */
export interface Asked {
  /** Of its kind: what it asks without its values. Missing: a read of which none takes long. */
  readonly kind?: string;
  /** It takes long, as long as nothing is known of its kind. */
  readonly likelyLong: boolean;
  /** Its own budget, milliseconds; 0: the default. */
  readonly timeoutMs: number;
}

/** A search with no more candidates than this takes about as long as any. */
const FEW = 1_000;
/** Longer kinds are cut: two of them that begin alike are taken for one. */
const MOST_KIND = 512;

const PLAIN: Asked = { likelyLong: false, timeoutMs: 0 };

/** What a request of the method at the gRPC path asks. */
export function askedBy(path: string, request: object): Asked {
  const read = READERS[path.slice(path.lastIndexOf('/') + 1)];
  const asked = read?.(request as never) ?? PLAIN;
  return asked.kind === undefined ? asked : { ...asked, kind: `${path} ${asked.kind}`.slice(0, MOST_KIND) };
}

const READERS: Readonly<Record<string, (request: never) => Asked>> = {
  Search: ofSearch,
  SearchStream: ofSearch,
  Query: ofQuery,
  SearchBatch: ({ vectors, ...each }: gateway.SearchBatchRequest) => {
    const { kind = `${each.collection} ${each.using}`, likelyLong, timeoutMs } = ofSearch(each);
    return of(`${sizeOf(vectors)} ${kind}`, likelyLong || vectors.length > BATCH_SHARE, timeoutMs);
  },
  QueryBatch: ({ queries }: gateway.QueryBatchRequest) => {
    const each = queries.map(ofQuery);
    const kinds = [...new Set(each.map(({ kind = '' }) => kind))].sort().join(';');
    return {
      kind: `${sizeOf(queries)} ${kinds}`,
      likelyLong: each.some(({ likelyLong }) => likelyLong),
      timeoutMs: Math.max(0, ...each.map(({ timeoutMs }) => timeoutMs)),
    };
  },
  CountPoints: ({ collection, filter, estimate }: gateway.CountPointsRequest) =>
    filter === undefined ? PLAIN : of(`${collection} ${estimate} ${shapeOf(filter)}`, !estimate),
  FacetPoints: ({ collection, path, filter }: gateway.FacetPointsRequest) =>
    of(`${collection} ${path} ${shapeOf(filter)}`, true),
  ListPoints: ({ collection, filter, orderBy }: gateway.ListPointsRequest) =>
    filter === undefined && orderBy === undefined
      ? PLAIN
      : of(`${collection} ${orderBy?.path ?? ''} ${shapeOf(filter)}`, true),
};

const of = (kind: string, likelyLong: boolean, timeoutMs = 0): Asked => ({ kind, likelyLong, timeoutMs });

/** Of a batch: a few more or less take about as long. */
const sizeOf = (batch: readonly unknown[]) => Math.ceil(Math.log2(batch.length + 1));

type SearchFields = 'collection' | 'exact' | 'topK' | 'ef' | 'filter' | 'using' | 'timeoutMs';

function ofSearch(search: Pick<gateway.SearchRequest, SearchFields>): Asked {
  const { collection, exact, topK, ef, filter, using, timeoutMs } = search;
  const many = topK > FEW || ef > FEW;
  if (!exact && !many && filter === undefined) return { ...PLAIN, timeoutMs };
  return of(`${collection} ${using} ${exact} ${many} ${shapeOf(filter)}`, exact, timeoutMs);
}

function ofQuery({ collection, branches, filter, groupBy, timeoutMs }: gateway.QueryRequest): Asked {
  const each = branches.map(({ exact, limit, ef, using, filter: own, text, sparse }) => {
    const ranking = text === undefined ? (sparse === undefined ? '' : 'sparse') : 'text';
    return `${exact} ${limit > FEW || ef > FEW} ${using} ${ranking} ${shapeOf(own)}`;
  });
  const kind = `${collection} ${groupBy?.path ?? ''} ${shapeOf(filter)} ${[...new Set(each)].sort().join()}`;
  return of(
    kind,
    branches.some(({ exact }) => exact),
    timeoutMs,
  );
}

/** A filter without its values: which fields it looks at, and how. */
function shapeOf(filter: filters.Filter | undefined): string {
  const condition = filter?.condition;
  if (condition === undefined) return '';
  switch (condition.$case) {
    case 'field':
      return `${condition.value.path}:${condition.value.test?.$case}`;
    case 'nested':
      return `${condition.value.path}(${shapeOf(condition.value.filter)})`;
    case 'ids':
      return 'ids';
    default: {
      const shapes = new Set(condition.value.filters.map(shapeOf));
      return `${condition.$case}(${[...shapes].sort().join()})`;
    }
  }
}
