import { VectronError } from '@vectron/errors';
import { filterMessage, measuringTimeoutMs } from '@vectron/model';
import { gateway } from '@vectron/proto';
import * as answers from './answers.js';
import { ChangeStream } from './change-stream.js';
import type * as api from './client.js';
import { remoteAccount } from './remote-account.js';
import { remoteAdmin } from './remote-admin.js';
import * as requests from './requests.js';
import type { Transport } from './transport.js';

const data = gateway.VectronServiceService;

/** The interface over a server: a message of the contract for each call, whatever carries it. */
export function remoteClient(transport: Transport): api.VectronClient {
  const { call } = transport;
  const client: api.VectronClient = {
    admin: remoteAdmin(transport),
    async createCollection(name, options) {
      await call(data.createCollection, requests.createCollectionRequest(name, options));
    },
    async updateCollection(name, change) {
      const { settings } = await call(data.updateCollection, requests.updateCollectionRequest(name, change));
      return answers.settingsOf(settings);
    },
    async deleteCollection(name) {
      await call(data.deleteCollection, { name });
    },
    async listCollections() {
      return (await call(data.listCollections, {})).details.map(answers.collectionInfo);
    },
    async collectionStatus(name) {
      return answers.collectionStatus(await call(data.getCollectionStatus, { name }));
    },
    async upsert(collection, points) {
      const request = { collection, points: points.map(requests.pointMessage) };
      const { upserted, writeToken } = await call(data.upsert, request);
      return { upserted, writeToken };
    },
    async search(collection, options) {
      return answers.searchResult(await call(data.search, requests.searchRequest(collection, options)));
    },
    async get(collection, id, { consistency } = {}) {
      const request = { collection, id, consistency: requests.consistencyMessage(consistency) };
      try {
        return answers.storedPoint((await call(data.get, request)).point);
      } catch (error) {
        if (error instanceof VectronError && error.code === 'POINT_NOT_FOUND') return undefined;
        throw error;
      }
    },
    delete: (collection, id) => call(data.delete, { collection, id }),
    async listPoints(collection, options = {}) {
      const request = requests.listPointsRequest(collection, options);
      const { points, nextCursor } = await call(data.listPoints, request);
      return { points: points.map(answers.storedPoint), nextCursor: nextCursor || undefined };
    },
    async query(collection, options) {
      return answers.queryResult(await call(data.query, requests.queryRequest(collection, options)));
    },
    async queryBatch(queries) {
      const wire = queries.map(({ collection, ...options }) => requests.queryRequest(collection, options));
      return (await call(data.queryBatch, { queries: wire })).outcomes.map(answers.queryOutcome);
    },
    async measureRecall(collection, options = {}) {
      const request = requests.measureRecallRequest(collection, options);
      const waitMs = measuringTimeoutMs(request);
      return answers.recallMeasurement(await call(data.measureRecall, request, { waitMs }));
    },
    async count(collection, { filter, estimate = false } = {}) {
      const request = { collection, filter: filter && filterMessage(filter), estimate };
      const { count, ...found } = await call(data.countPoints, request);
      return { ...found, count: Number(count) };
    },
    async facets(collection, path, { filter, limit = 0 } = {}) {
      const request = { collection, path, filter: filter && filterMessage(filter), limit };
      const { values, ...found } = await call(data.facetPoints, request);
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
      return answers.indexesOf(await call(data.listIndexes, { collection }));
    },
    async analyze(collection, text, how) {
      return (await call(data.analyze, requests.analyzeRequest(collection, text, how))).tokens as api.Token[];
    },
    async listAliases() {
      return (await call(data.listAliases, {})).aliases;
    },
    async updateAliases(changes) {
      await call(data.updateAliases, { set: [...(changes.set ?? [])], delete: [...(changes.delete ?? [])] });
    },
    async listChanges(collection, { cursor = '', waitMs = 0, signal } = {}) {
      const found = await call(data.listChanges, { collection, cursor, waitMs }, { waitMs, signal });
      return { changes: found.changes.map(answers.change), nextCursor: found.nextCursor };
    },
    changes: (collection, options) => new ChangeStream(client.listChanges, collection, options),
    async feedback({ items, ...shown }) {
      const feedbackItems = items.map((item) => gateway.FeedbackItem.fromPartial(item));
      const request = { ...gateway.SubmitFeedbackRequest.fromPartial(shown), feedbackItems };
      return (await call(data.submitFeedback, request)).feedbackId;
    },
    ...remoteAccount(transport),
    async close() {
      transport.close();
    },
  };
  return client;
}
