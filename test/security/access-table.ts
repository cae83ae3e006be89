import { CONTRACT, type MethodContract } from '@vectron/proto';

/**
 * What every route and RPC answers to every kind of caller: HTTP status on REST, name of the gRPC code on gRPC, derived from
 * what the protos declare. access-matrix.test.ts calls each as each of them. Who calls:
 * - nobody (no token), garbage, expired, revoked: these four must get the same;
 * - stranger: may do everything, in a tenant of its own, with the names and ids of the owner's things;
 * - reader: a read-only key of the owner; writer: a key of the owner that may write; owner: a login of the owner;
 * - admin: the administrator, who is another tenant;
 * - metrics: the administrator's key for metrics; limited: its admin key that is for one collection only; expiring: its admin
 *   key that lives for an hour;
 * - unchanged: a login that must change its password first; disabled: a login of an account that was disabled, as good as none.
 */
export interface Access {
  /** nobody, garbage, expired, revoked, disabled. */
  readonly none: string | number;
  readonly stranger: string | number;
  readonly reader: string | number;
  readonly writer: string | number;
  readonly owner: string | number;
  readonly admin: string | number;
  readonly metrics: string | number;
  readonly limited: string | number;
  readonly expiring: string | number;
  readonly unchanged: string | number;
}

/** Of those whose answers follow from the declaration and the others' answers: see `withLimited`. */
type Row = Omit<Access, 'metrics' | 'limited' | 'expiring' | 'unchanged'>;

const row = (
  none: string | number,
  stranger: string | number,
  reader: string | number,
  writer: string | number,
  owner: string | number,
  admin: string | number,
): Row => ({ none, stranger, reader, writer, owner, admin });

/** What a class of access gives each caller, as HTTP status and as gRPC code. `scoped`: what is named belongs to the owner. */
const CLASSES = {
  open: [row(200, 200, 200, 200, 200, 200), row('OK', 'OK', 'OK', 'OK', 'OK', 'OK')],
  token: [row(401, 200, 200, 200, 200, 200), row('UNAUTHENTICATED', 'OK', 'OK', 'OK', 'OK', 'OK')],
  read: [row(401, 404, 200, 200, 200, 404), row('UNAUTHENTICATED', 'NOT_FOUND', 'OK', 'OK', 'OK', 'NOT_FOUND')],
  write: [
    row(401, 404, 403, 200, 200, 404),
    row('UNAUTHENTICATED', 'NOT_FOUND', 'PERMISSION_DENIED', 'OK', 'OK', 'NOT_FOUND'),
  ],
  login: [
    row(401, 200, 403, 403, 200, 200),
    row('UNAUTHENTICATED', 'OK', 'PERMISSION_DENIED', 'PERMISSION_DENIED', 'OK', 'OK'),
  ],
  admin: [
    row(401, 403, 403, 403, 403, 200),
    row('UNAUTHENTICATED', 'PERMISSION_DENIED', 'PERMISSION_DENIED', 'PERMISSION_DENIED', 'PERMISSION_DENIED', 'OK'),
  ],
  never: [
    row(401, 403, 403, 403, 403, 403),
    row(
      'UNAUTHENTICATED',
      'PERMISSION_DENIED',
      'PERMISSION_DENIED',
      'PERMISSION_DENIED',
      'PERMISSION_DENIED',
      'PERMISSION_DENIED',
    ),
  ],
} as const;

/** The row of a method from what its proto declares: [REST, gRPC]. */
function declared({ access, scope }: MethodContract): readonly [Row, Row] {
  switch (access) {
    case 'public':
      return CLASSES.open;
    case 'token':
      return CLASSES.token;
    case 'read':
      return scope.length > 0 ? CLASSES.read : CLASSES.token;
    case 'write':
      return CLASSES.write;
    case 'login':
      return CLASSES.login;
    case 'metrics':
    case 'admin':
      return CLASSES.admin;
    default:
      return CLASSES.never;
  }
}

/** Calls of this test that end otherwise for somebody, for reasons of their own; without what the declaration gives. */
const OTHERWISE: Record<string, readonly [Row, Row]> = {
  // Everybody makes it in a tenant of their own.
  CreateCollection: [
    row(401, 200, 403, 200, 200, 200),
    row('UNAUTHENTICATED', 'OK', 'PERMISSION_DENIED', 'OK', 'OK', 'OK'),
  ],
  // It takes a refresh token, whoever calls.
  RefreshToken: [
    row(400, 400, 400, 400, 400, 400),
    row(
      'INVALID_ARGUMENT',
      'INVALID_ARGUMENT',
      'INVALID_ARGUMENT',
      'INVALID_ARGUMENT',
      'INVALID_ARGUMENT',
      'INVALID_ARGUMENT',
    ),
  ],
  // Only a login can be ended.
  Logout: [
    row(401, 200, 400, 400, 200, 400),
    row('UNAUTHENTICATED', 'OK', 'INVALID_ARGUMENT', 'INVALID_ARGUMENT', 'OK', 'INVALID_ARGUMENT'),
  ],
  // The test sends a wrong password.
  ChangePassword: CLASSES.never,
  DeleteUser: CLASSES.never,
  // The key is the owner's.
  DeleteAPIKey: [
    row(401, 404, 403, 403, 200, 404),
    row('UNAUTHENTICATED', 'NOT_FOUND', 'PERMISSION_DENIED', 'PERMISSION_DENIED', 'OK', 'NOT_FOUND'),
  ],
  CreateSDKJWT: [
    row(401, 404, 403, 403, 200, 404),
    row('UNAUTHENTICATED', 'NOT_FOUND', 'PERMISSION_DENIED', 'PERMISSION_DENIED', 'OK', 'NOT_FOUND'),
  ],
  // There is no such invitation.
  DeleteInvitation: [
    row(401, 404, 403, 403, 404, 404),
    row('UNAUTHENTICATED', 'NOT_FOUND', 'PERMISSION_DENIED', 'PERMISSION_DENIED', 'NOT_FOUND', 'NOT_FOUND'),
  ],
  // There is no such alert, worker or shard.
  ...Object.fromEntries(
    ['ResolveAlert', 'DrainWorker', 'RemoveWorker', 'MoveReplica', 'SplitShard'].map((name) => [
      name,
      [
        row(401, 403, 403, 403, 403, 404),
        row(
          'UNAUTHENTICATED',
          'PERMISSION_DENIED',
          'PERMISSION_DENIED',
          'PERMISSION_DENIED',
          'PERMISSION_DENIED',
          'NOT_FOUND',
        ),
      ] as const,
    ]),
  ),
};

const methods = Object.values(CONTRACT.services).flat();

/** What the callers get that differ from another one in what limits them. */
function withLimited({ access, name, unlimited, beforePasswordChange }: MethodContract, row: Row): Access {
  const [ok, denied] = typeof row.admin === 'number' ? [200, 403] : ['OK', 'PERMISSION_DENIED'];
  const isFree = access === 'public' || access === 'token';
  // Without a role, collections or an expiry in the request, the key would have more than these.
  const isMore = name === 'CreateAPIKey';
  const isOthers = access === 'admin' || access === 'metrics';
  return {
    ...row,
    metrics: isFree ? row.writer : access === 'metrics' ? ok : denied,
    limited: unlimited || isMore || isOthers ? denied : name === 'CreateCollection' ? notFound(row) : row.admin,
    expiring: unlimited || isMore ? denied : row.admin,
    unchanged: isFree || beforePasswordChange ? row.owner : denied,
  };
}

const notFound = (row: Row) => (typeof row.admin === 'number' ? 404 : 'NOT_FOUND');
const rowsOf = (method: MethodContract): readonly [Access, Access] => {
  const [rest, grpc] = OTHERWISE[method.name] ?? declared(method);
  return [withLimited(method, rest), withLimited(method, grpc)];
};
const everybody = (status: number): Access => ({
  ...row(status, status, status, status, status, status),
  ...{ metrics: status, limited: status, expiring: status, unchanged: status },
});

/** By verb and route; ValidateAPIKey has a route that answers as if there were none. */
export const REST_ACCESS: Record<string, Access> = {
  ...Object.fromEntries(
    methods.flatMap((method) =>
      method.http.map(({ verb, path }) => [
        `${verb} ${path.replace(/\{(\w+)\}/g, ':$1')}`,
        method.access === 'internal' ? everybody(404) : rowsOf(method)[0],
      ]),
    ),
  ),
  'GET /v1/collections/:collection/points/search/stream': {
    ...everybody(101),
    ...{ none: 401, metrics: 403, unchanged: 403 },
  },
  'GET /openapi.json': everybody(200),
};

export const GRPC_ACCESS: Record<string, Access> = Object.fromEntries(
  methods.map((method) => [method.path, rowsOf(method)[1]]),
);
