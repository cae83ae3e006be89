import { VectronError } from '@vectron/errors';
import createClient, {
  type Client,
  type ClientPathsWithMethod,
  type MaybeOptionalInit,
  type MethodResponse,
} from 'openapi-fetch';
import type { paths } from './generated/schema.js';
import { restError } from './rest-error.js';

type Contract = Client<paths>;
type Method = 'get' | 'post' | 'put' | 'delete';
type PathOf<M extends Method> = ClientPathsWithMethod<Contract, M>;

/** What the contract answers to a method of a path. */
export type Answer<M extends Method, P extends PathOf<M>> = MethodResponse<Contract, M, P>;

/** Limits of one call. */
export interface RestCall {
  /** Ends the call with CANCELLED. */
  readonly signal?: AbortSignal;
  /** Instead of the client's. */
  readonly timeoutMs?: number;
}
type Init<M extends Method, P extends PathOf<M>> = MaybeOptionalInit<paths[P], M>;
type Arguments<T> = undefined extends T ? [init?: NonNullable<T> & RestCall] : [init: T & RestCall];
type Verb<M extends Method> = <P extends PathOf<M>>(path: P, ...init: Arguments<Init<M, P>>) => Promise<Answer<M, P>>;

/** How bodies become text and text becomes answers; the place for numbers that a double cannot hold. */
export interface Json {
  stringify(value: unknown): string;
  parse(text: string): unknown;
}

/** A call resolves with the answer of the contract, or throws VectronError. */
export interface RestClient {
  readonly GET: Verb<'get'>;
  readonly POST: Verb<'post'>;
  readonly PUT: Verb<'put'>;
  readonly DELETE: Verb<'delete'>;
  /** For a path that is known at run time only. */
  request(method: string, path: string, init: RequestInit_ & RestCall): Promise<unknown>;
}
interface RequestInit_ {
  readonly params?: {
    readonly path?: Readonly<Record<string, unknown>>;
    readonly query?: Readonly<Record<string, unknown>>;
  };
  readonly body?: unknown;
}

export interface RestClientOptions {
  /** `http(s)://HOST:PORT`; empty: where the page came from. */
  readonly url: string;
  /** Login token, SDK token or API key, or what gives the one of the moment. */
  readonly token?: string | (() => string | undefined);
  /** Milliseconds until DEADLINE_EXCEEDED; default: none. */
  readonly timeoutMs?: number;
  /** Default: the platform's. */
  readonly fetch?: (request: Request) => Promise<Response>;
  /** Default: the platform's, which rounds integers beyond 2^53. */
  readonly json?: Json;
}

/** 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export function createRestClient(options: RestClientOptions): RestClient {
  const { url, token, json = JSON } = options;
  const raw = createClient({ baseUrl: url, fetch: options.fetch, bodySerializer: (body) => json.stringify(body) });
  const request: RestClient['request'] = async (method, path, { signal, timeoutMs = options.timeoutMs, ...init }) => {
    const bearer = typeof token === 'function' ? token() : token;
    const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
    // A timer cannot wait longer, and fires at once when it is asked to: nobody waits for that end.
    const isTimed = timeoutMs !== undefined && timeoutMs <= LONGEST_TIMER_MS;
    const limits = [signal, isTimed ? AbortSignal.timeout(timeoutMs) : undefined];
    const call = {
      ...init,
      headers,
      parseAs: 'text',
      signal: AbortSignal.any(limits.filter((one) => one !== undefined)),
    };
    try {
      const { data, error, response } = await raw.request(method as 'get', path as never, call as never);
      if (!response.ok) throw restError(response, error);
      return data === undefined || data === '' ? {} : parsed(json, data, url);
    } catch (cause) {
      throw failure(cause, { url, signal, timeoutMs });
    }
  };
  const verb =
    (method: string) =>
    (path: string, init: Parameters<typeof request>[2] = {}) =>
      request(method, path, init);
  return {
    request,
    GET: verb('get') as Verb<'get'>,
    POST: verb('post') as Verb<'post'>,
    PUT: verb('put') as Verb<'put'>,
    DELETE: verb('delete') as Verb<'delete'>,
  };
}

function parsed(json: Json, text: string, url: string): unknown {
  try {
    return json.parse(text);
  } catch (cause) {
    throw new VectronError(
      'INTERNAL',
      `${nameOf(url)} sent an answer that is not JSON; check that the URL is that of a Vectron server`,
      { cause },
    );
  }
}

const nameOf = (url: string) => (url === '' ? 'the server' : url);

/** Why there is no answer. */
function failure(cause: unknown, { url, signal, timeoutMs }: { url: string } & RestCall): VectronError {
  if (cause instanceof VectronError) return cause;
  if (signal?.aborted) return new VectronError('CANCELLED', 'the call was cancelled', { cause });
  const where = nameOf(url);
  if ((cause as Error).name === 'TimeoutError')
    return new VectronError('DEADLINE_EXCEEDED', `${where} did not answer within ${timeoutMs} ms`, { cause });
  const { cause: reason } = cause as { cause?: { code?: string; message?: string } };
  const why = /CERT|ISSUER|TLS|SSL/.test(reason?.code ?? '') ? `: ${reason?.message}` : '';
  return new VectronError('UNAVAILABLE', `cannot reach ${where}${why}`, { cause });
}
