import { gateway } from '@vectron/proto';
import {
  decodeSearchRequest,
  decodeUpsertRequest,
  encodeBatchAnswer,
  encodeSearchAnswer,
  frameSearchAnswer,
} from './search-codec.js';

/** vectron.v1.VectronService, with these codecs where a request or an answer is large. */
const { search, searchBatch, searchStream, upsert, upsertStream } = gateway.VectronServiceService;
const searches = { requestDeserialize: decodeSearchRequest, responseSerialize: encodeSearchAnswer };
export const vectronService = {
  ...gateway.VectronServiceService,
  search: { ...search, ...searches, responseFrame: frameSearchAnswer },
  searchBatch: { ...searchBatch, responseSerialize: encodeBatchAnswer },
  searchStream: { ...searchStream, ...searches },
  upsert: { ...upsert, requestDeserialize: decodeUpsertRequest },
  // Each message is decoded when there is room for it.
  upsertStream: { ...upsertStream, requestDeserialize: (bytes: Buffer) => bytes },
};

const {
  createCollection,
  deleteCollection,
  listCollections,
  getCollectionStatus,
  updateCollection,
  listIndexes,
  createIndex,
  analyze,
  deleteIndex,
  listAliases,
  updateAliases,
  updateUserProfile,
  submitFeedback,
  ...rest
} = vectronService;

/** The methods about collections, their indexes and aliases, which CollectionGrpcController serves. */
export const collectionMethods = {
  createCollection,
  deleteCollection,
  listCollections,
  getCollectionStatus,
  updateCollection,
  listIndexes,
  createIndex,
  analyze,
  deleteIndex,
  listAliases,
  updateAliases,
  updateUserProfile,
  submitFeedback,
};

/** The methods of VectronGrpcController: all others. */
export const pointMethods = rest;
