/** The gateway's REST API, as the console uses it. */
export interface CollectionInfo {
  readonly name: string;
  readonly dimension: number;
  readonly distance: string;
  readonly shards: number;
  readonly points: string;
}
export interface CollectionStatus {
  readonly name: string;
  readonly dimension: number;
  readonly distance: string;
  readonly points: string;
  readonly indexLag: string;
  readonly durability: string;
  readonly memoryBytes: string;
  readonly diskBytes: string;
  readonly shards: { shardId: number; ready: boolean; points: string; indexLag: string; appliedIndex: string }[];
  readonly rerank?: { enabled: boolean };
}
export interface StoredPoint {
  readonly id: string;
  readonly payload: Record<string, unknown>;
  readonly vector?: number[];
}
export interface Hit extends StoredPoint {
  readonly score: number;
  readonly explanation: string;
}
export interface SearchAnswer {
  readonly results: Hit[];
  readonly complete: boolean;
  readonly shardsAsked: number;
  readonly shardsAnswered: number;
  readonly rerankedBy: string;
  readonly shards: {
    shardId: number;
    indexLag: number;
    ef: number;
    plan: string;
    matching: string;
    unindexed: boolean;
  }[];
  /** 1: exact, 0: nothing was measured yet. */
  readonly recallEstimate: number;
}
export interface ApiKey {
  readonly keyPrefix: string;
  readonly name: string;
  readonly role: string;
  readonly createdAt: string;
}
export interface Health {
  readonly status: string;
  readonly services: { service: string; status: string; latencyMs: number; error: string }[];
  readonly workers: { workerId: string; healthy: boolean; shards: number }[];
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }
}

const TOKEN = 'vectron-token';
/** For this tab only: a closed tab is logged out. */
export const session = {
  get token(): string | null {
    return sessionStorage.getItem(TOKEN);
  },
  start(token: string): void {
    sessionStorage.setItem(TOKEN, token);
  },
  end(): void {
    sessionStorage.removeItem(TOKEN);
    window.location.assign('/console/login');
  },
};

/** Calls the API; an expired session leads to the login page. */
export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(path, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
    headers: {
      ...(session.token ? { authorization: `Bearer ${session.token}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
  });
  const answer = await response.json();
  if (response.ok) return answer as T;
  if (response.status === 401 && session.token) session.end();
  throw new ApiError(response.status, answer.details?.[0]?.reason ?? 'UNKNOWN', answer.message ?? response.statusText);
}

/** A login token lives minutes: a new one is fetched while the console is open. */
export function keepSessionAlive(): () => void {
  const timer = setInterval(
    () => {
      if (!session.token) return;
      call<{ jwtToken: string }>('POST', '/v1/auth/refresh', {}).then(
        ({ jwtToken }) => session.start(jwtToken),
        () => undefined,
      );
    },
    5 * 60 * 1000,
  );
  return () => clearInterval(timer);
}

export const collectionPath = (name: string): string => `/v1/collections/${encodeURIComponent(name)}`;
