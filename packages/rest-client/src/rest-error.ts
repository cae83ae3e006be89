import { detailsOf, VectronError } from '@vectron/errors';
import type { HttpAnswer } from './rest-client.js';

/** The JSON form of google.rpc.Status with the details that Vectron sends. */
interface StatusJson {
  readonly message?: string;
  readonly details?: readonly {
    /** Of an ErrorInfo. */
    readonly reason?: string;
    readonly metadata?: Readonly<Record<string, string>>;
    /** Of a BadRequest. */
    readonly fieldViolations?: readonly { readonly field: string }[];
    /** Of a RetryInfo: seconds, as `0.250s`. */
    readonly retryDelay?: string;
  }[];
}

/** Codes for answers that are no google.rpc.Status: a proxy between client and server gave them. */
const BY_STATUS: Readonly<Record<number, string>> = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  413: 'PAYLOAD_TOO_LARGE',
  429: 'OVERLOADED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/** The error that an answer with a failure status stands for. `body`: as it was parsed; undefined: it is no JSON. */
export function restError(response: Omit<HttpAnswer, 'text'>, body: unknown): VectronError {
  const { message, details = [] } = (typeof body === 'object' && body !== null ? body : {}) as StatusJson;
  const info = details.find(({ reason }) => reason !== undefined);
  const violations = details.find(({ fieldViolations }) => fieldViolations !== undefined)?.fieldViolations;
  const { retryAfterMs, lost } = detailsOf(info?.metadata ?? {});
  const delay = details.find(({ retryDelay }) => retryDelay !== undefined)?.retryDelay;
  const code = info?.reason ?? BY_STATUS[response.status] ?? 'INTERNAL';
  return VectronError.fromWire(code, message ?? `HTTP status ${response.status}`, {
    field: violations?.[0]?.field,
    retryAfterMs: retryAfterMs ?? millisecondsOf(delay?.replace(/s$/, '') ?? response.headers.get('retry-after')),
    lost,
    requestId: response.headers.get('x-request-id') ?? undefined,
  });
}

/** Of a number of seconds; undefined: it is none. */
function millisecondsOf(text: string | null): number | undefined {
  const seconds = Number(text ?? Number.NaN);
  return Number.isFinite(seconds) ? Math.round(seconds * 1000) : undefined;
}
