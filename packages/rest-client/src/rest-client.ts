import { VectronError } from '@vectron/errors';
import {
  type Client,
  type ClientPathsWithMethod,
  createQuerySerializer,
  defaultPathSerializer,
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

/** One request, as it is sent. */
export interface HttpRequest {
  readonly method: string;
  /** Behind the server's URL, with the query: `/v1/collections`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body as JSON text; undefined for a request that carries none, which then has no content type either. */
  readonly body: string | undefined;
  /** Ends the request, and with it the wait for its answer. */
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly text: string;
}

/** Sends a request; rejects when there is no answer. */
export type Send = (request: HttpRequest) => Promise<HttpAnswer>;

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
  /** Sends requests to `url` instead of `fetch`. */
  readonly send?: Send;
  /** Default: the platform's, which rounds integers beyond 2^53. */
  readonly json?: Json;
}

/** 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const queryText = createQuerySerializer<unknown>();

export function createRestClient(options: RestClientOptions): RestClient {
  const { url, token, json = JSON, send = fetching(url, options.fetch) } = options;
  const request: RestClient['request'] = async (method, path, { signal, timeoutMs = options.timeoutMs, ...init }) => {
    if (signal?.aborted) throw new VectronError('CANCELLED', 'the call was cancelled');
    const bearer = typeof token === 'function' ? token() : token;
    const { params: { path: named = {}, query = {} } = {}, body } = init;
    const search = queryText(query);
    const end = new AbortController();
    let isLate = false;
    const late = () => {
      isLate = true;
      end.abort();
    };
    // A timer cannot wait longer, and fires at once when it is asked to: nobody waits for that end.
    const isTimed = timeoutMs !== undefined && timeoutMs <= LONGEST_TIMER_MS;
    const timer = isTimed ? setTimeout(late, timeoutMs) : undefined;
    const cancel = () => end.abort();
    signal?.addEventListener('abort', cancel);
    try {
      const answer = await send({
        method: method.toUpperCase(),
        path: `${defaultPathSerializer(path, named)}${search && `?${search}`}`,
        headers: {
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? undefined : json.stringify(body),
        signal: end.signal,
      });
      if (answer.status >= 300) throw refusal(answer, url);
      return answer.text === '' ? {} : parsed(json, answer.text, url);
    } catch (cause) {
      if (!isLate) throw failure(cause, url, signal);
      throw new VectronError('DEADLINE_EXCEEDED', `${nameOf(url)} did not answer within ${timeoutMs} ms`, { cause });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
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

/** Sends with `fetch`, or with the platform's. */
function fetching(url: string, fetch: RestClientOptions['fetch']): Send {
  return async ({ path, ...init }) => {
    const target = `${url}${path}`;
    const answer = await (fetch === undefined ? globalThis.fetch(target, init) : fetch(new Request(target, init)));
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
}

function refusal(answer: HttpAnswer, url: string): VectronError {
  const location = answer.status < 400 ? answer.headers.get('location') : null;
  if (location !== null)
    return VectronError.invalid('url', `${nameOf(url)} redirects to ${location}; use the URL of the server itself`);
  let body: unknown;
  try {
    body = JSON.parse(answer.text);
  } catch {
    // Something in between has answered.
  }
  return restError(answer, body);
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
function failure(cause: unknown, url: string, signal: AbortSignal | undefined): VectronError {
  if (cause instanceof VectronError) return cause;
  if (signal?.aborted) return new VectronError('CANCELLED', 'the call was cancelled', { cause });
  // `fetch` wraps the error of the connection.
  const { code, message } = ((cause as Error).cause ?? cause) as { code?: string; message?: string };
  const why = /CERT|ISSUER|TLS|SSL/.test(code ?? '') ? `: ${message}` : '';
  return new VectronError('UNAVAILABLE', `cannot reach ${nameOf(url)}${why}`, { cause });
}
