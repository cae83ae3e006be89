import { VectronError } from '@vectron/errors';
import {
  checkCollectionName,
  checkDocument,
  checkRules,
  checkSought,
  holdsBigInt,
  inCamelCase,
  isPlainObject,
  type Message,
  readFloats,
  readMessage,
  stringifyJson,
} from '@vectron/model';
import type { gateway } from '@vectron/proto';
import type * as api from './client.js';
import { toBytes } from './vectors.js';

/**
 * The messages of vectron.v1 that calls of the interface stand for: gRPC sends them as they are, REST as JSON, and the embedded
 * database takes them as they are. They are read and judged by what reads and judges the bodies of REST in a server, so that
 * what is wrong is refused with the same words everywhere; here, before anything is sent.
 */

type Given = Readonly<Record<string, unknown>>;

/** What a call was given besides its collection: nothing, or a plain object. */
function given(options: object | undefined | null): Given {
  if (options === undefined || options === null) return {};
  if (isPlainObject(options)) return options;
  throw VectronError.invalid('options', 'the options of a call must be a plain object');
}

/** The message `name` of the fields, in the names of the contract. Throws INVALID_ARGUMENT naming what is wrong. */
function message<M>(name: string, fields: Given, at = ''): M {
  const read = readMessage(`vectron.v1.${name}`, fields, at);
  checkName(read, at);
  checkFields(`vectron.v1.${name}`, read, at);
  return read as M;
}

/** Throws INVALID_ARGUMENT naming the first field that is outside of its limits, as a program writes it: in lowerCamelCase. */
function checkFields(name: string, read: object, at = ''): void {
  try {
    checkRules(name, read, at);
  } catch (error) {
    throw error instanceof VectronError ? inCamelCase(error, name, () => read) : error;
  }
}

/** Before a path of REST is made of it, in which `..` would lead elsewhere. */
function checkName({ collection }: Message, at = ''): void {
  if (collection !== undefined)
    checkCollectionName(collection as string, at === '' ? 'collection' : `${at}.collection`);
}

/** The message, which is nobody else's, with a dense vector that was read as numbers as the bytes that it is sent as. */
function packed<F extends Message>(forms: F): F {
  const message: Message = forms;
  const vector = message.vector as ArrayLike<number>;
  if (vector.length > 0) message.vectorF32 = toBytes(vector);
  message.vector = [];
  return forms;
}

export function createCollectionRequest(name: string, options: api.CollectionOptions): gateway.CreateCollectionRequest {
  return message('CreateCollectionRequest', { ...given(options), name });
}

export function updateCollectionRequest(name: string, change: api.CollectionChange): gateway.UpdateCollectionRequest {
  return message('UpdateCollectionRequest', { ...given(change), name });
}

export function collectionRequest(name: string): gateway.DeleteCollectionRequest {
  const request = message<gateway.DeleteCollectionRequest>('DeleteCollectionRequest', { name });
  checkCollectionName(request.name, 'name');
  return request;
}

export const indexesRequest = (collection: string): gateway.ListIndexesRequest =>
  message('ListIndexesRequest', { collection });

/** An object for a message: as text where google.protobuf.Struct cannot hold it. Throws INVALID_ARGUMENT. */
function objectForms(object: unknown, field: string): { object?: api.Payload; json: string } {
  if (object === undefined) return { json: '' };
  checkDocument(object, field);
  return holdsBigInt(object) ? { json: stringifyJson(object, field) } : { object, json: '' };
}

export function upsertRequest(collection: string, points: readonly api.Point[]): gateway.UpsertRequest {
  const { points: _none, ...request } = readMessage('vectron.v1.UpsertRequest', { collection });
  checkName(request);
  if (points !== undefined && points !== null && !Array.isArray(points)) {
    throw VectronError.invalid('points', 'points must be a list');
  }
  const read = { ...request, points: Array.from(points ?? [], pointMessage) };
  checkFields('vectron.v1.UpsertRequest', read);
  return read as unknown as gateway.UpsertRequest;
}

export function pointMessage(point: api.Point, at = 0): gateway.Point {
  const read = packed(readMessage('vectron.v1.Point', point, `points[${at}]`));
  const payload = objectForms(read.document, `points[${at}].payload`);
  const vectors = Array.from(
    read.vectors as gateway.Point['vectors'],
    ([name, one]) => [name, packed(one as gateway.Point & Message)] as const,
  );
  return {
    ...(read as unknown as gateway.Point),
    vectors: new Map(vectors),
    document: payload.object,
    payloadJson: payload.json,
  };
}

export function searchRequest(collection: string, options: api.SearchOptions): gateway.SearchRequest {
  const request = packed(message<Message>('SearchRequest', reading(collection, given(options))));
  const search = request as unknown as gateway.SearchRequest;
  checkSought({ vector: search.vectorF32, text: search.text, likeId: search.likeId });
  return search;
}

/** The vectors of a batch, as the request has them: views where they are in one array. */
function batchVectors(vectors: unknown, count: unknown): unknown {
  if (count === undefined || count === null) {
    if (vectors instanceof Float32Array)
      throw VectronError.invalid('count', 'count must be the number of vectors in the array');
    return vectors;
  }
  if (!(vectors instanceof Float32Array)) {
    throw VectronError.invalid('count', 'count can only be combined with vectors in one Float32Array');
  }
  if (!Number.isInteger(count) || (count as number) < 1 || vectors.length % (count as number) !== 0) {
    const message = `count must divide the ${vectors.length} values of vectors, and ${String(count)} does not`;
    throw VectronError.invalid('count', message);
  }
  const each = vectors.length / (count as number);
  return Array.from({ length: count as number }, (_, at) => vectors.subarray(at * each, (at + 1) * each));
}

export function searchBatchRequest(collection: string, options: api.SearchBatchOptions): gateway.SearchBatchRequest {
  const { vectors, count, ...shared } = given(options);
  const { vectors: _none, ...request } = readMessage('vectron.v1.SearchBatchRequest', reading(collection, shared));
  checkName(request);
  const list = batchVectors(vectors, count) ?? [];
  if (!Array.isArray(list)) throw VectronError.invalid('vectors', 'vectors must be a list of vectors');
  const read = {
    ...request,
    // As bytes at once: a message would have them as numbers in between.
    vectors: Array.from(list, (vector, at) => ({
      vector: [],
      vectorF32: toBytes(readFloats(vector, `vectors[${at}]`)),
    })),
  };
  checkFields('vectron.v1.SearchBatchRequest', read);
  return read as unknown as gateway.SearchBatchRequest;
}

/** The fields of a read, which the contract has under other names: those are refused, and would be overwritten here. */
function reading(collection: string, options: Given): Given {
  for (const name of ['includeMetadata', 'include_metadata']) {
    if (name in options)
      throw VectronError.invalid(name, `${name} is called includePayload in this client; use that name`);
  }
  const { includePayload: includeMetadata = true, consistency } = options;
  return {
    ...options,
    // There is no such field; one that is undefined is absent.
    includePayload: undefined,
    collection,
    includeMetadata,
    consistency: consistencyForm(consistency),
  };
}

export function queryRequest(collection: string, options: api.QueryOptions, at = ''): gateway.QueryRequest {
  const { rescoreVector, ...rest } = given(options);
  const request = message<gateway.QueryRequest>('QueryRequest', reading(collection, rest), at);
  const branches = request.branches.map((branch) => packed(branch as gateway.QueryBranch & Message));
  if (rescoreVector === undefined || rescoreVector === null) return { ...request, branches };
  const floats = readFloats(rescoreVector, at === '' ? 'rescoreVector' : `${at}.rescoreVector`);
  return { ...request, branches, rescoreVectorF32: toBytes(floats) };
}

/** A query that no message can be made of is wrong for all of them, as in the body of REST. */
export function queryBatchRequest(
  queries: readonly (api.QueryOptions & { readonly collection: string })[],
): gateway.QueryBatchRequest {
  if (!Array.isArray(queries)) throw VectronError.invalid('queries', 'queries must be a list');
  const read = Array.from(queries as readonly (api.QueryOptions & { collection: string })[], (query, at) => {
    given(query);
    const { collection, ...options } = query;
    return queryRequest(collection, options, `queries[${at}]`);
  });
  checkFields('vectron.v1.QueryBatchRequest', { queries: read });
  return { queries: read };
}

export function listPointsRequest(collection: string, options: api.ListOptions): gateway.ListPointsRequest {
  const { consistency, ...rest } = given(options);
  return message('ListPointsRequest', { ...rest, collection, consistency: consistencyForm(consistency) });
}

export function getRequest(
  collection: string,
  id: string,
  options: { readonly consistency?: api.Consistency },
): gateway.GetRequest {
  const { consistency, ...rest } = given(options);
  return message('GetRequest', { ...rest, collection, id, consistency: consistencyForm(consistency) });
}

export const openSnapshotRequest = (collection: string): gateway.OpenSnapshotRequest =>
  message('OpenSnapshotRequest', { collection });

export const deleteRequest = (collection: string, id: string): gateway.DeleteRequest =>
  message('DeleteRequest', { collection, id });

/** The options of a call that names its consistency, with that as the contract has it. */
const consistent = (options: object | undefined): Given => {
  const asked = given(options);
  return { ...asked, consistency: consistencyForm(asked.consistency) };
};

export const countRequest = (collection: string, options: object): gateway.CountPointsRequest =>
  message('CountPointsRequest', { ...consistent(options), collection });

export const facetRequest = (collection: string, path: string, options: object): gateway.FacetPointsRequest =>
  message('FacetPointsRequest', { ...consistent(options), collection, path });

export const listChangesRequest = (collection: string, options: object): gateway.ListChangesRequest =>
  message('ListChangesRequest', { ...given(options), collection });

export const measureRecallRequest = (collection: string, options: api.RecallOptions): gateway.MeasureRecallRequest =>
  message('MeasureRecallRequest', { ...given(options), collection });

export function updatePointsRequest(collection: string, update: api.PayloadUpdate): gateway.UpdatePointsRequest {
  const request = message<gateway.UpdatePointsRequest>('UpdatePointsRequest', { ...given(update), collection });
  const replace = objectForms(request.replace, 'replace');
  const set = objectForms(request.set, 'set');
  return {
    ...request,
    ...{ replace: replace.object, replaceJson: replace.json, set: set.object, setJson: set.json },
  };
}

export const deletePointsRequest = (collection: string, selector: api.PointsSelector): gateway.DeletePointsRequest =>
  message('DeletePointsRequest', { ...given(selector), collection });

export function indexRequest(collection: string, target: api.IndexTarget): gateway.CreateIndexRequest {
  const asked = given(target);
  const isVector = 'sparseVector' in asked || 'namedVector' in asked;
  return message('CreateIndexRequest', { ...(isVector ? asked : { index: asked }), collection });
}

/** Without `how`: as where there is no text index. */
export const analyzeRequest = (collection: string, text: string, how: api.AnalyzeOptions | undefined) =>
  message<gateway.AnalyzeRequest>('AnalyzeRequest', { ...given(how ?? {}), collection, text });

export const aliasesRequest = (changes: object): gateway.UpdateAliasesRequest =>
  message('UpdateAliasesRequest', given(changes));

/** What a server says of feedback without items is for it to say: the call is made once. */
export function feedbackRequest(feedback: api.Feedback): gateway.SubmitFeedbackRequest {
  const { items: feedbackItems, ...shown } = given(feedback);
  return readMessage('vectron.v1.SubmitFeedbackRequest', {
    ...shown,
    feedbackItems,
  }) as unknown as gateway.SubmitFeedbackRequest;
}

/** undefined: nothing was asked. */
export function consistencyMessage(asked: api.Consistency | undefined): gateway.ReadConsistency | undefined {
  const form = consistencyForm(asked);
  if (form === undefined || form === null) return undefined;
  return readMessage('vectron.v1.ReadConsistency', form, 'consistency') as unknown as gateway.ReadConsistency;
}

/** The fields of a consistency; what is none stays, to be refused. */
function consistencyForm(asked: unknown): unknown {
  if (typeof asked === 'string') return { level: asked };
  if (!isPlainObject(asked)) return asked;
  if (asked.writeToken !== undefined) return { level: 'at_least', ...asked };
  return asked.maxStalenessMs === undefined ? asked : { level: 'bounded', ...asked };
}
