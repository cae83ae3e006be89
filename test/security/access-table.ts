/**
 * What every route and RPC answers to every kind of caller: HTTP status on REST, name of the gRPC code on gRPC. One row
 * each; access-matrix.test.ts fails for a route that has none. Who calls:
 * - nobody (no token), garbage, expired, revoked: these four must get the same;
 * - stranger: may do everything, in a tenant of its own, with the names and ids of the owner's things;
 * - reader: a read-only key of the owner; writer: a key of the owner that may write; owner: a login of the owner;
 * - admin: the administrator, who is another tenant.
 */
export interface Access {
  /** nobody, garbage, expired, revoked. */
  readonly none: string | number;
  readonly stranger: string | number;
  readonly reader: string | number;
  readonly writer: string | number;
  readonly owner: string | number;
  readonly admin: string | number;
}

const row = (
  none: string | number,
  stranger: string | number,
  reader: string | number,
  writer: string | number,
  owner: string | number,
  admin: string | number,
): Access => ({ none, stranger, reader, writer, owner, admin });

/** Reads of the owner's collection. */
const READ = row(401, 404, 200, 200, 200, 404);
/** Writes to the owner's collection. */
const WRITE = row(401, 404, 403, 200, 200, 404);
/** What concerns the caller alone, for any token. */
const OWN = row(401, 200, 200, 200, 200, 200);
/** The account's keys and password: a login, or an administrator's key. */
const LOGIN = row(401, 200, 403, 403, 200, 200);
const ADMIN = row(401, 403, 403, 403, 403, 200);
const OPEN = row(200, 200, 200, 200, 200, 200);

export const REST_ACCESS: Record<string, Access> = {
  'POST /v1/collections': row(401, 200, 403, 200, 200, 200),
  'GET /v1/collections': OWN,
  'GET /v1/collections/:name/status': READ,
  'DELETE /v1/collections/:name': WRITE,
  'PUT /v1/collections/:name/settings': WRITE,
  'POST /v1/collections/:collection/points': WRITE,
  'POST /v1/upsert': WRITE,
  'GET /v1/collections/:collection/points': READ,
  'GET /v1/collections/:collection/points/:id': READ,
  'DELETE /v1/collections/:collection/points/:id': WRITE,
  'GET /v1/collections/:collection/changes': READ,
  'POST /v1/collections/:collection/points/search': READ,
  'POST /v1/search': READ,
  'POST /v1/collections/:collection/points/query': READ,
  'POST /v1/query/batch': OWN,
  'POST /v1/collections/:collection/points/count': READ,
  'POST /v1/collections/:collection/points/facets': READ,
  'POST /v1/collections/:collection/points/list': READ,
  'POST /v1/collections/:collection/points/update': WRITE,
  'POST /v1/collections/:collection/points/delete': WRITE,
  'GET /v1/collections/:collection/indexes': READ,
  'POST /v1/collections/:collection/indexes': WRITE,
  'POST /v1/collections/:collection/indexes/delete': WRITE,
  'GET /v1/aliases': OWN,
  // The example names the owner's collection.
  'POST /v1/aliases': WRITE,
  'GET /v1/collections/:collection/points/search/stream': row(401, 101, 101, 101, 101, 101),
  'POST /v1/feedback': READ,
  'POST /v1/users/register': OPEN,
  'POST /v1/users/login': OPEN,
  // With a refresh token, who calls does not matter; the row is that of the call without one.
  'POST /v1/auth/refresh': row(401, 200, 403, 403, 200, 400),
  'POST /v1/auth/logout': row(401, 200, 400, 400, 200, 400),
  'GET /v1/user/profile': OWN,
  'PUT /v1/user/profile': LOGIN,
  'POST /v1/user/password': row(401, 403, 403, 403, 403, 403),
  'POST /v1/user/delete': row(401, 403, 403, 403, 403, 403),
  'PUT /v1/admin/users/:id/role': ADMIN,
  'GET /.well-known/jwks.json': OPEN,
  'POST /v1/admin/signing-keys/rotate': ADMIN,
  'POST /v1/keys': LOGIN,
  'GET /v1/keys': LOGIN,
  'DELETE /v1/keys/:key_prefix': row(401, 404, 403, 403, 200, 404),
  'POST /v1/sdk-jwt': row(401, 404, 403, 403, 200, 404),
  'GET /v1/system/health': OWN,
  'GET /v1/admin/stats': ADMIN,
  'GET /v1/admin/workers': ADMIN,
  'GET /v1/admin/collections': ADMIN,
  'GET /v1/alerts': ADMIN,
  'POST /v1/alerts/:id/resolve': row(401, 403, 403, 403, 403, 404),
  'GET /v1/alerts/rules': ADMIN,
  'PUT /v1/alerts/rules/:rule': ADMIN,
  'GET /v1/admin/audit': ADMIN,
  'GET /metrics': ADMIN,
  'GET /healthz': OPEN,
  'GET /readyz': OPEN,
  'GET /openapi.json': OPEN,
  'GET /v1/admin/cluster': ADMIN,
  'GET /v1/admin/shards': ADMIN,
  'GET /v1/admin/operations': ADMIN,
  'POST /v1/admin/workers/:worker/drain': row(401, 403, 403, 403, 403, 404),
  'DELETE /v1/admin/workers/:worker': row(401, 403, 403, 403, 403, 404),
  'POST /v1/admin/rebalance': ADMIN,
  'POST /v1/admin/shards/:shard/move': row(401, 403, 403, 403, 403, 404),
  'POST /v1/admin/shards/:shard/split': row(401, 403, 403, 403, 403, 404),
};

const GRPC_READ = row('UNAUTHENTICATED', 'NOT_FOUND', 'OK', 'OK', 'OK', 'NOT_FOUND');
const GRPC_WRITE = row('UNAUTHENTICATED', 'NOT_FOUND', 'PERMISSION_DENIED', 'OK', 'OK', 'NOT_FOUND');
const GRPC_OWN = row('UNAUTHENTICATED', 'OK', 'OK', 'OK', 'OK', 'OK');
const GRPC_LOGIN = row('UNAUTHENTICATED', 'OK', 'PERMISSION_DENIED', 'PERMISSION_DENIED', 'OK', 'OK');
const DENIED = 'PERMISSION_DENIED';
const GRPC_NEVER = row('UNAUTHENTICATED', DENIED, DENIED, DENIED, DENIED, DENIED);
const GRPC_OPEN = row('OK', 'OK', 'OK', 'OK', 'OK', 'OK');

export const GRPC_ACCESS: Record<string, Access> = {
  '/vectron.v1.VectronService/CreateCollection': row('UNAUTHENTICATED', 'OK', DENIED, 'OK', 'OK', 'OK'),
  '/vectron.v1.VectronService/DeleteCollection': GRPC_WRITE,
  '/vectron.v1.VectronService/UpdateCollection': GRPC_WRITE,
  '/vectron.v1.VectronService/Upsert': GRPC_WRITE,
  '/vectron.v1.VectronService/Search': GRPC_READ,
  '/vectron.v1.VectronService/SearchStream': GRPC_READ,
  '/vectron.v1.VectronService/Get': GRPC_READ,
  '/vectron.v1.VectronService/Delete': GRPC_WRITE,
  '/vectron.v1.VectronService/ListCollections': GRPC_OWN,
  '/vectron.v1.VectronService/GetCollectionStatus': GRPC_READ,
  '/vectron.v1.VectronService/UpdateUserProfile': GRPC_LOGIN,
  '/vectron.v1.VectronService/SubmitFeedback': GRPC_READ,
  '/vectron.v1.VectronService/ListPoints': GRPC_READ,
  '/vectron.v1.VectronService/ListChanges': GRPC_READ,
  '/vectron.v1.VectronService/Query': GRPC_READ,
  '/vectron.v1.VectronService/QueryBatch': GRPC_OWN,
  '/vectron.v1.VectronService/CountPoints': GRPC_READ,
  '/vectron.v1.VectronService/FacetPoints': GRPC_READ,
  '/vectron.v1.VectronService/UpdatePoints': GRPC_WRITE,
  '/vectron.v1.VectronService/DeletePoints': GRPC_WRITE,
  '/vectron.v1.VectronService/ListIndexes': GRPC_READ,
  '/vectron.v1.VectronService/CreateIndex': GRPC_WRITE,
  '/vectron.v1.VectronService/DeleteIndex': GRPC_WRITE,
  '/vectron.v1.VectronService/ListAliases': GRPC_OWN,
  '/vectron.v1.VectronService/UpdateAliases': GRPC_WRITE,
  '/vectron.auth.v1.AuthService/RegisterUser': GRPC_OPEN,
  '/vectron.auth.v1.AuthService/Login': GRPC_OPEN,
  '/vectron.auth.v1.AuthService/GetUserProfile': GRPC_OWN,
  '/vectron.auth.v1.AuthService/UpdateUserProfile': GRPC_LOGIN,
  '/vectron.auth.v1.AuthService/DeleteUser': GRPC_NEVER,
  '/vectron.auth.v1.AuthService/RefreshToken': row('UNAUTHENTICATED', 'OK', DENIED, DENIED, 'OK', 'INVALID_ARGUMENT'),
  '/vectron.auth.v1.AuthService/CreateAPIKey': GRPC_LOGIN,
  '/vectron.auth.v1.AuthService/ListAPIKeys': GRPC_LOGIN,
  '/vectron.auth.v1.AuthService/DeleteAPIKey': row('UNAUTHENTICATED', 'NOT_FOUND', DENIED, DENIED, 'OK', 'NOT_FOUND'),
  '/vectron.auth.v1.AuthService/ValidateAPIKey': GRPC_NEVER,
  '/vectron.auth.v1.AuthService/CreateSDKJWT': row('UNAUTHENTICATED', 'NOT_FOUND', DENIED, DENIED, 'OK', 'NOT_FOUND'),
  '/vectron.auth.v1.AuthService/GetAuthDetailsForSDK': GRPC_NEVER,
  '/vectron.auth.v1.AuthService/Logout': row(
    'UNAUTHENTICATED',
    'OK',
    'INVALID_ARGUMENT',
    'INVALID_ARGUMENT',
    'OK',
    'INVALID_ARGUMENT',
  ),
  '/vectron.auth.v1.AuthService/ChangePassword': GRPC_NEVER,
  '/vectron.auth.v1.AuthService/SetUserRole': row('UNAUTHENTICATED', DENIED, DENIED, DENIED, DENIED, 'OK'),
};
