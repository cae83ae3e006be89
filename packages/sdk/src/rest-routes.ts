import { auth, gateway } from '@vectron/proto';
import type { paths } from '@vectron/rest-client';
import type { Method } from './transport.js';

export interface Route<Answer> {
  readonly verb: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: keyof paths;
  readonly answer: { fromJSON(json: unknown): Answer };
}

const data = gateway.VectronServiceService;
const users = auth.AuthServiceService;
const ROUTES = new Map<string, Route<unknown>>();

function route<Answer>(
  method: Method<never, Answer>,
  verb: Route<Answer>['verb'],
  path: Route<Answer>['path'],
  answer: Route<Answer>['answer'],
): void {
  ROUTES.set(method.path, { verb, path, answer });
}

route(data.createCollection, 'POST', '/v1/collections', gateway.CreateCollectionResponse);
route(data.updateCollection, 'PUT', '/v1/collections/{name}/settings', gateway.UpdateCollectionResponse);
route(data.deleteCollection, 'DELETE', '/v1/collections/{name}', gateway.DeleteCollectionResponse);
route(data.listCollections, 'GET', '/v1/collections', gateway.ListCollectionsResponse);
route(data.getCollectionStatus, 'GET', '/v1/collections/{name}/status', gateway.GetCollectionStatusResponse);
route(data.upsert, 'POST', '/v1/collections/{collection}/points', gateway.UpsertResponse);
route(data.search, 'POST', '/v1/collections/{collection}/points/search', gateway.SearchResponse);
route(data.get, 'GET', '/v1/collections/{collection}/points/{id}', gateway.GetResponse);
route(data.delete, 'DELETE', '/v1/collections/{collection}/points/{id}', gateway.DeleteResponse);
route(data.listPoints, 'POST', '/v1/collections/{collection}/points/list', gateway.ListPointsResponse);
route(data.listChanges, 'GET', '/v1/collections/{collection}/changes', gateway.ListChangesResponse);
route(data.query, 'POST', '/v1/collections/{collection}/points/query', gateway.QueryResponse);
route(data.queryBatch, 'POST', '/v1/query/batch', gateway.QueryBatchResponse);
route(data.countPoints, 'POST', '/v1/collections/{collection}/points/count', gateway.CountPointsResponse);
route(data.facetPoints, 'POST', '/v1/collections/{collection}/points/facets', gateway.FacetPointsResponse);
route(data.updatePoints, 'POST', '/v1/collections/{collection}/points/update', gateway.UpdatePointsResponse);
route(data.deletePoints, 'POST', '/v1/collections/{collection}/points/delete', gateway.DeletePointsResponse);
route(data.listIndexes, 'GET', '/v1/collections/{collection}/indexes', gateway.ListIndexesResponse);
route(data.createIndex, 'POST', '/v1/collections/{collection}/indexes', gateway.CreateIndexResponse);
route(data.deleteIndex, 'POST', '/v1/collections/{collection}/indexes/delete', gateway.DeleteIndexResponse);
route(data.listAliases, 'GET', '/v1/aliases', gateway.ListAliasesResponse);
route(data.updateAliases, 'POST', '/v1/aliases', gateway.UpdateAliasesResponse);
route(data.submitFeedback, 'POST', '/v1/feedback', gateway.SubmitFeedbackResponse);
route(users.registerUser, 'POST', '/v1/users/register', auth.RegisterUserResponse);
route(users.login, 'POST', '/v1/users/login', auth.LoginResponse);
route(users.getUserProfile, 'GET', '/v1/user/profile', auth.GetUserProfileResponse);
route(users.createApiKey, 'POST', '/v1/keys', auth.CreateAPIKeyResponse);
route(users.listApiKeys, 'GET', '/v1/keys', auth.ListAPIKeysResponse);
route(users.deleteApiKey, 'DELETE', '/v1/keys/{key_prefix}', auth.DeleteAPIKeyResponse);

/** Where REST has a method. */
export function routeOf<Answer>({ path }: Method<never, Answer>): Route<Answer> {
  const found = ROUTES.get(path);
  if (found === undefined) throw new Error(`${path} has no REST route`);
  return found as Route<Answer>;
}
