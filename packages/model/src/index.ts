/** What a point, a payload, a vector, a query and a collection may be: the rules that every home of the interface shares. */
export { checkAccess, isLimited, type Principal } from './access.js';
export { checkAliasChanges } from './alias-changes.js';
export { ANSWER_BYTES, PAGE_BYTES } from './answer-size.js';
export {
  type AskShard,
  outcomeOf,
  RouteChanged,
  type ShardAnswer,
  type ShardFailure,
  type ShardOperation,
  type ShardOutcome,
} from './ask-shard.js';
export { searchWithin } from './branch.js';
export { changeCursor, type Positions, parseChangeCursor } from './changes/change-cursor.js';
export { changeKind, type FeedHome, listChanges, type ShardChange } from './changes/list-changes.js';
export { type AskWorker, closeSnapshot, openSnapshot, pageSnapshot, parseSnapshot } from './changes/snapshot.js';
export { checkCollectionName } from './collection-name.js';
export {
  type CollectionSettings,
  changedSettings,
  collectionSettings,
  requestOf,
} from './collection-settings.js';
export { mergeTokens, type ReadPlan, readPlan, writeToken } from './consistency.js';
export { inCamelCase } from './contract/field-names.js';
export { isJsonParameter, queryParameters, readQuery, textValue } from './contract/query-string.js';
export { fieldAt, type Message, newMessage, readFloats, readMessage } from './contract/read-json.js';
export { checkRules } from './contract/rules.js';
export { floatText } from './contract/scalars.js';
export { writeMessage, writeWithout } from './contract/write-json.js';
export { checkDocument, type Document, decodeDocument, encodeDocument } from './document.js';
export { type Embed, embedPoints, embedQuery, embedSearch } from './embedding.js';
export { holdsBigInt, InexactNumber, isPlainObject, parseJson, parseTrustedJson, stringifyJson } from './exact-json.js';
export type { Bounds } from './filter-builder.js';
export * as where from './filter-builder.js';
export { filterJson } from './filter-form.js';
export { type FieldFilter, type Filter, filterMessage, type GeoPoint, type Scalar } from './filter-json.js';
export type { Candidate } from './fusion.js';
export { splitHashSpace } from './hash-ranges.js';
export { inOrder, type Piece } from './in-order.js';
export { checkMeasuring, type MeasuringRun, measureRecall, measuringTimeoutMs } from './measure-recall.js';
export { checkOptions, checkWhole } from './options.js';
export { allOf, type Part, suspectUpserts, writeParts } from './parts-of-a-write.js';
export { doInPlaces, type SparePlace } from './places.js';
export { checkPointId } from './point-id.js';
export { fromStringMap, pointInput, vectorInput } from './point-input.js';
export { encodePoints, type PointInput } from './points.js';
export { escapeControls, escapeJsonControls } from './printable.js';
export { type QueryAnswer, runQuery } from './query.js';
export type { RecallReport } from './recall-report.js';
export { Route } from './route.js';
export { analyzed, countsOf, declarationOf, initialDeclarations, type ShardCounts, schemaOf } from './schema.js';
export {
  givenVector,
  runSearch,
  type SearchOutcome,
  type SearchRequest,
  type SearchRun,
  streamSearch,
} from './search.js';
export { BATCH_SHARE, type BatchRequest, batchVectors, runSearchBatch } from './search-batch.js';
export { checkLimit, checkSearch, checkSought, DEFAULT_TOP_K, MAX_TOP_K, type SearchLimits } from './search-limits.js';
export { SearchTrace } from './search-trace.js';
export {
  type ChangeShard,
  changePoints,
  countPoints,
  facetPoints,
  type PointsChange,
  pagePoints,
  payloadChange,
} from './selection.js';
export { shardHash } from './shard-hash.js';
export { type SparseInput, sparseData } from './sparse.js';
export { textOf } from './utf8.js';
export { decodeVector, encodeAnyVector, encodeVector, type VectorInput } from './vector.js';
export { type Answered, whyNot } from './why-not.js';
export { WriteOrigins } from './write-origins.js';
