import type { gateway } from '@vectron/proto';
import type { QueryService } from '../../data/query.service.js';
import type { SearchService } from '../../data/search.service.js';
import type { SearchBatchService } from '../../data/search-batch.service.js';
import type { Principal } from '../../edge/access.js';
import { batchInput, searchInput } from '../grpc/grpc-messages.js';
import { batchAnswerJson, outcomesJson, queryAnswerJson, searchAnswerJson } from './fast-answers.js';
import type { Served } from './transcoder.js';

/**
 * REST methods that skip the gRPC message of their answer: payloads go from the shard to the client as the JSON text that
 * they are (docs/adr/0020).
 */
export function fastRoutes(
  searches: SearchService,
  batches: SearchBatchService,
  queries: QueryService,
): Map<string, Served> {
  const service = '/vectron.v1.VectronService';
  return new Map<string, Served>([
    [
      `${service}/Search`,
      {
        call: (request: gateway.SearchRequest, context) =>
          searches.search(context.principal as Principal, { ...searchInput(request), payloadFields: false }, context),
        write: searchAnswerJson,
      },
    ],
    [
      `${service}/SearchBatch`,
      {
        call: (request: gateway.SearchBatchRequest, context) =>
          batches.search(context.principal as Principal, { ...batchInput(request), payloadFields: false }, context),
        write: batchAnswerJson,
      },
    ],
    [
      `${service}/Query`,
      {
        call: (request: gateway.QueryRequest, context) =>
          queries.query(context.principal as Principal, request, context),
        write: queryAnswerJson,
      },
    ],
    [
      `${service}/QueryBatch`,
      {
        call: (request: gateway.QueryBatchRequest, context) =>
          queries.batch(context.principal as Principal, request, context),
        write: outcomesJson,
      },
    ],
  ]);
}
