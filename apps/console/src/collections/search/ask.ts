import { VectronError } from '@vectron/errors';
import { parseJson, stringifyJson } from '@vectron/model/exact-json';

/** One way to the points, as it is typed. */
export interface Branch {
  readonly kind: BranchKind;
  /** Id, vector, text, ids or `index: value` pairs. */
  readonly value: string;
  /** Ids to keep away from, paths of fields, or the name of a sparse vector. */
  readonly second?: string;
  readonly weight?: number;
}
export type BranchKind = 'point' | 'vector' | 'text' | 'words' | 'examples' | 'sparse';

/** A search as it is typed. What is missing is left to the server. */
export interface Ask {
  readonly branches: readonly Branch[];
  readonly filter?: string;
  readonly topK?: number;
  readonly accuracy?: 'recall' | 'ef' | 'exact';
  readonly recall?: number;
  readonly ef?: number;
  readonly consistency?: 'bounded' | 'at_least' | 'linearizable';
  readonly maxStalenessMs?: number;
  readonly writeToken?: string;
  readonly using?: string;
  readonly threshold?: number;
  /** What the reranker compares the payloads of results with; it does not change the vector that is searched for. */
  readonly query?: string;
  readonly explain?: boolean;
  readonly whyNot?: string;
  readonly fusion?: 'weighted';
  readonly diversity?: number;
  readonly groupBy?: string;
}
export const NEW_ASK: Ask = { branches: [{ kind: 'vector', value: '' }] };

/** The text in a link of a search for points like this one. */
export const askLike = (id: string): string =>
  JSON.stringify({ branches: [{ kind: 'point', value: id }] } satisfies Ask);

/** The search of a link; one that cannot be read is none. */
export function readAsk(text: string): Ask | undefined {
  if (text === '') return undefined;
  try {
    const ask = JSON.parse(text) as Ask | null;
    return Array.isArray(ask?.branches) && ask.branches.length > 0 ? ask : undefined;
  } catch {
    return undefined;
  }
}

type Json = Record<string, unknown>;
/** A call of the API: a search by one vector, which can be explained, or a query of any branches. */
export interface SearchCall {
  readonly verb: 'search' | 'query';
  readonly body: Json;
}

const BY_VECTOR: readonly BranchKind[] = ['point', 'vector', 'text'];

/** Whether it is a search by one vector. */
export const isSearch = ({ branches, groupBy, diversity }: Ask): boolean =>
  branches.length === 1 && BY_VECTOR.includes(branches[0].kind) && !groupBy && !diversity;

/** The request of a search. Throws INVALID_ARGUMENT when a vector or a filter is not JSON. */
export function callOf(ask: Ask): SearchCall {
  const common = defined({
    topK: ask.topK,
    filter: ask.filter?.trim() ? parseJson(ask.filter, 'filter') : undefined,
    consistency: consistencyOf(ask),
    scoreThreshold: ask.threshold,
  });
  if (isSearch(ask)) {
    const asked = { query: ask.query || undefined, explain: ask.explain || undefined, whyNot: ask.whyNot || undefined };
    return {
      verb: 'search',
      body: { ...soughtOf(ask.branches[0], 'search'), ...common, ...tuning(ask), ...defined(asked) },
    };
  }
  const branches = ask.branches.map((branch) => ({
    ...soughtOf(branch, 'query'),
    ...defined({ weight: branch.weight }),
    ...(branch.kind === 'words' || branch.kind === 'sparse' ? {} : tuning(ask)),
  }));
  const fused = defined({
    fusion: ask.branches.length > 1 ? ask.fusion : undefined,
    diversity: ask.diversity ? { share: ask.diversity } : undefined,
    groupBy: ask.groupBy ? { path: ask.groupBy } : undefined,
  });
  return { verb: 'query', body: { branches, ...common, ...fused } };
}

const tuning = ({ accuracy, recall, ef, using }: Ask): Json =>
  defined({
    exact: accuracy === 'exact' || undefined,
    recall: accuracy === 'recall' ? recall : undefined,
    ef: accuracy === 'ef' ? ef : undefined,
    using: using || undefined,
  });

function consistencyOf({ consistency, maxStalenessMs, writeToken }: Ask): Json | undefined {
  if (consistency === undefined) return undefined;
  return defined({
    level: consistency,
    maxStalenessMs: consistency === 'bounded' ? maxStalenessMs : undefined,
    writeToken: consistency === 'at_least' ? writeToken : undefined,
  });
}

/** What a branch looks for; a search and a query have other names for the same. */
function soughtOf({ kind, value, second = '' }: Branch, verb: SearchCall['verb']): Json {
  switch (kind) {
    case 'point':
      return { likeId: value };
    case 'vector':
      return { vector: numbersOf(value) };
    case 'text':
      return verb === 'search' ? { text: value } : { embed: value };
    case 'words': {
      const fields = idsOf(second).map((path) => ({ path }));
      return { text: defined({ query: value, fields: fields.length > 0 ? fields : undefined }) };
    }
    case 'examples': {
      const negativeIds = idsOf(second);
      return {
        examples: defined({ positiveIds: idsOf(value), negativeIds: negativeIds.length > 0 ? negativeIds : undefined }),
      };
    }
    default:
      return { sparse: { name: second, ...sparseOf(value) } };
  }
}

/** Ids between commas, or a JSON array of them where one has a comma. */
export function idsOf(text: string): string[] {
  if (text.trim().startsWith('[')) return (parseJson(text, 'ids') as unknown[]).map(String);
  return text
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '');
}

function numbersOf(text: string): number[] {
  const value = parseJson(text, 'vector');
  if (!Array.isArray(value)) throw VectronError.invalid('vector', 'a vector is a JSON array of numbers');
  return value as number[];
}

/** Of `7: 0.5, 19: 1`. */
function sparseOf(text: string): { indices: number[]; values: number[] } {
  const pairs = text.split(',').map((pair) => pair.split(':').map((one) => Number(one.trim() || Number.NaN)));
  if (pairs.some((pair) => pair.length !== 2 || pair.some(Number.isNaN)))
    throw VectronError.invalid('sparse', 'a sparse vector is written as 7: 0.5, 19: 1');
  return { indices: pairs.map(([index]) => index), values: pairs.map(([, value]) => value) };
}

const defined = (fields: Json): Json =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** Bodies as they are sent and shown: integers keep all digits. */
export const bodyText = (body: Json, space?: number): string => stringifyJson(body, 'body', space);
