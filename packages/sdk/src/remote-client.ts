import { VectronError } from '@vectron/errors';
import { measuringTimeoutMs } from '@vectron/model';
import type { gateway } from '@vectron/proto';
import { allPoints } from './all-points.js';
import * as answers from './answers.js';
import { ChangeStream, changesOptions } from './change-stream.js';
import type * as api from './client.js';
import { collectionOf } from './collection.js';
import { eitherSignal, limited } from './limits.js';
import { data } from './methods.js';
import { remoteAccount } from './remote-account.js';
import { remoteAdmin } from './remote-admin.js';
import * as requests from './requests.js';
import { Snapshot, type SnapshotCalls } from './snapshot.js';
import type { Transport } from './transport.js';
import { type UpsertOver, upsertEach } from './upsert-stream.js';

/** Without what was not asked for. */
const batched = (found: api.SearchBatchResult, asked: gateway.SearchBatchRequest): api.SearchBatchResult => ({
  ...found,
  payloads: asked.includeMetadata === false ? [] : found.payloads,
  vectors: asked.includeVectors ? found.vectors : [],
});

/**
 * The interface over a server: a message of the contract for each call, whatever carries it. `upsertOver`: how upserts are streamed where
 * the transport carries streams; without it, a stream is made of ordinary upserts.
 */
export function remoteClient(transport: Transport, upsertOver?: UpsertOver): api.VectronClient {
  const { call } = transport;
  const client: api.VectronClient = {
    admin: remoteAdmin(transport),
    collection: (name) => collectionOf(client, name),
    with: (limits) => remoteClient(limited(transport, limits), upsertOver),
    async createCollection(name, options) {
      await call(data.createCollection, requests.createCollectionRequest(name, options));
    },
    async updateCollection(name, change) {
      const { settings } = await call(data.updateCollection, requests.updateCollectionRequest(name, change));
      return answers.settingsOf(settings);
    },
    async deleteCollection(name) {
      await call(data.deleteCollection, requests.collectionRequest(name));
    },
    async listCollections() {
      return (await call(data.listCollections, {})).details.map(answers.collectionInfo);
    },
    async collectionStatus(name) {
      return answers.collectionStatus(await call(data.getCollectionStatus, requests.collectionRequest(name)));
    },
    async upsert(collection, points) {
      const { upserted, writeToken } = await call(data.upsert, requests.upsertRequest(collection, points));
      return { upserted, writeToken };
    },
    upsertStream(collection, batches, options) {
      const both = eitherSignal(transport.signal, options?.signal);
      const own = both === undefined ? options : { ...options, signal: both };
      if (upsertOver !== undefined && transport.openDuplex !== undefined)
        return upsertOver(transport, collection, batches, own);
      return upsertEach((points) => client.upsert(collection, points), batches, own);
    },
    async search(collection, options) {
      return answers.searchResult(await call(data.search, requests.searchRequest(collection, options)));
    },
    async searchBatch(collection, options) {
      const request = requests.searchBatchRequest(collection, options);
      return batched(answers.batchResult(await call(data.searchBatch, request)), request);
    },
    async get(collection, id, options = {}) {
      const request = requests.getRequest(collection, id, options);
      try {
        return answers.storedPoint((await call(data.get, request)).point);
      } catch (error) {
        if (error instanceof VectronError && error.code === 'POINT_NOT_FOUND') return undefined;
        throw error;
      }
    },
    async delete(collection, id) {
      return call(data.delete, requests.deleteRequest(collection, id));
    },
    async listPoints(collection, options = {}) {
      const request = requests.listPointsRequest(collection, options);
      const { points, nextCursor } = await call(data.listPoints, request);
      return { points: points.map(answers.storedPoint), nextCursor: nextCursor || undefined };
    },
    points: (collection, options) => allPoints((asked) => client.listPoints(collection, asked), options),
    async query(collection, options) {
      return answers.queryResult(await call(data.query, requests.queryRequest(collection, options)));
    },
    async queryBatch(queries) {
      return (await call(data.queryBatch, requests.queryBatchRequest(queries))).outcomes.map(answers.queryOutcome);
    },
    async measureRecall(collection, options = {}) {
      const request = requests.measureRecallRequest(collection, options);
      const waitMs = measuringTimeoutMs(request);
      return answers.recallMeasurement(await call(data.measureRecall, request, { waitMs }));
    },
    async count(collection, options = {}) {
      const { count, ...found } = await call(data.countPoints, requests.countRequest(collection, options));
      return { ...found, count: Number(count) };
    },
    async facets(collection, path, options = {}) {
      const { values, ...found } = await call(data.facetPoints, requests.facetRequest(collection, path, options));
      return { ...found, values: values.map(answers.facet) };
    },
    async updatePoints(collection, update) {
      const request = requests.updatePointsRequest(collection, update);
      const { updated, writeToken } = await call(data.updatePoints, request);
      return { updated: Number(updated), writeToken };
    },
    async deletePoints(collection, selector) {
      const request = requests.deletePointsRequest(collection, selector);
      const { deleted, writeToken } = await call(data.deletePoints, request);
      return { deleted: Number(deleted), writeToken };
    },
    async createIndex(collection, target) {
      return (await call(data.createIndex, requests.indexRequest(collection, target))).created;
    },
    async deleteIndex(collection, target) {
      return (await call(data.deleteIndex, requests.indexRequest(collection, target))).existed;
    },
    async listIndexes(collection) {
      return answers.indexesOf(await call(data.listIndexes, requests.indexesRequest(collection)));
    },
    async analyze(collection, text, how) {
      return (await call(data.analyze, requests.analyzeRequest(collection, text, how))).tokens as api.Token[];
    },
    async listAliases() {
      return (await call(data.listAliases, {})).aliases;
    },
    async updateAliases(changes) {
      await call(data.updateAliases, requests.aliasesRequest(changes));
    },
    async snapshot(collection) {
      return new Snapshot(
        snapshots,
        collection,
        await call(data.openSnapshot, requests.openSnapshotRequest(collection)),
      );
    },
    async listChanges(collection, options = {}) {
      const { signal, ...asked } = changesOptions(options);
      const request = requests.listChangesRequest(collection, asked);
      const found = await call(data.listChanges, request, { waitMs: request.waitMs, signal });
      return { changes: found.changes.map(answers.change), nextCursor: found.nextCursor };
    },
    changes: (collection, options) => new ChangeStream(client.listChanges, collection, options),
    async feedback(feedback) {
      return (await call(data.submitFeedback, requests.feedbackRequest(feedback))).feedbackId;
    },
    ...remoteAccount(transport),
    async close() {
      transport.close();
    },
    async [Symbol.asyncDispose]() {
      transport.close();
    },
  };
  const snapshots: SnapshotCalls = {
    listPoints: client.listPoints,
    closeSnapshot: async (collection, snapshot) => (await call(data.closeSnapshot, { collection, snapshot })).existed,
  };
  return client;
}
