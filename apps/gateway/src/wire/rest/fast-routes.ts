import type { gateway } from '@vectron/proto';
import type { QueryService } from '../../data/query.service.js';
import type { SearchService } from '../../data/search.service.js';
import type { Principal } from '../../edge/access.js';
import { searchInput } from '../grpc/grpc-messages.js';
import { outcomesJson, queryAnswerJson, searchAnswerJson } from './fast-answers.js';
import type { Served } from './transcoder.js';

/**
 * REST methods that skip the gRPC message of their answer: payloads go from the shard to the client as the JSON text that
 * they are (docs/adr/0020).
 */
export function fastRoutes(searches: SearchService, queries: QueryService): Map<string, Served> {
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
