import { ERROR_CODES, type ErrorCode } from '@vectron/errors';
import { currentTraceId, LogFlood, type Logger } from '@vectron/observability';
import type { GatewayConfig } from '../config.js';
import { collectionsOf, printable } from './audit-target.js';
import type { EndedRequest } from './ended-request.js';
import { planOf, shapeOf } from './request-plan.js';
import { type SlowQueries, SlowQueryReports } from './slow-queries.js';
import { laneOf, rounded } from './slow-query.js';

/** Refusals: who meets one comes again, and many at once. All of a second are one line. */
const REFUSALS = new Set(['OVERLOADED', 'RATE_LIMITED', 'QUOTA_EXCEEDED', 'UNAUTHENTICATED', 'PERMISSION_DENIED']);
/** Other failures of one code that have a line of their own, each second. */
const MAX_FAILURES = 20;
const MAX_SLOW = 10;
/** A line of the log may show so many characters of a name. */
const MAX_NAME = 128;

type Level = 'error' | 'warn' | 'info' | 'debug';

/** Whose fault it is: of the server, or of who called; of nobody where a client has gone. */
function levelOf(code: string): Level {
  if (code === 'CANCELLED') return 'debug';
  if (REFUSALS.has(code)) return 'warn';
  const http = Object.hasOwn(ERROR_CODES, code) ? ERROR_CODES[code as ErrorCode].http : Number(code);
  return http >= 500 && http !== 501 ? 'error' : 'warn';
}

/**
 * The log of requests: a line for each that failed, or for all (`--log-requests`), and one for each that took long
 * (`--slow-query-ms`) with how it was done; those are told to the list of slow requests, too. What a client has chosen is cut and escaped; vectors, payloads, filters, texts, ids of points,
 * keys and tokens are never in it. Of a gateway that runs in several threads, each has a log of its own.
 */
export class RequestLog {
  readonly #logger: Logger;
  readonly #flood = new LogFlood();
  readonly #failures: boolean;
  readonly #others: Level | undefined;
  readonly #slowSeconds: number;
  readonly #slow: SlowQueryReports;

  constructor(
    logger: Logger,
    { logRequests, slowQueryMs }: Pick<GatewayConfig, 'logRequests' | 'slowQueryMs'>,
    slow: Pick<SlowQueries, 'add'>,
  ) {
    this.#slow = new SlowQueryReports(slow);
    // Who wants all of them has said so: --log is for the rest.
    const quiet = logRequests === 'all' && !logger.isLevelEnabled('info');
    this.#logger = quiet ? logger.child({}, { level: 'info' }) : logger;
    this.#failures = logRequests !== 'none';
    this.#others =
      logRequests === 'all' ? 'info' : logger.isLevelEnabled('debug') && this.#failures ? 'debug' : undefined;
    this.#slowSeconds = slowQueryMs === 0 ? Number.POSITIVE_INFINITY : slowQueryMs / 1_000;
  }

  /** Whether a line of it would be written: who is asked for nothing else need not make an EndedRequest. */
  wants(code: string, seconds: number): boolean {
    if (seconds > this.#slowSeconds) return true;
    return code === 'OK' ? this.#others !== undefined : this.#failures;
  }

  /** Writes the lines of a request. */
  ended(one: EndedRequest): void {
    const { code, method, seconds } = one;
    if (code === 'OK' || code === 'CANCELLED') {
      if (this.#others !== undefined) this.#logger[this.#others](lineOf(one), 'request');
    } else if (this.#failures) {
      const level = levelOf(code);
      const write = (line: object, count: number) =>
        count === 1
          ? this.#logger[level](line, 'request failed')
          : this.#logger[level]({ ...line, count }, 'requests failed, this is the first of them');
      this.#flood.add(code, REFUSALS.has(code) ? 0 : MAX_FAILURES, () => lineOf(one), write);
    }
    if (seconds <= this.#slowSeconds || (method?.admission !== 'read' && method?.admission !== 'write')) return;
    this.#slow.report(one);
    const write = (line: object, count: number) =>
      count === 1
        ? this.#logger.warn(line, 'slow request')
        : this.#logger.warn({ ...line, count }, 'slow requests, this is the first of them');
    this.#flood.add('slow', MAX_SLOW, () => slowLineOf(one), write);
  }

  /** What was counted is told, as when a second ends. */
  close(): void {
    this.#flood.tell();
    this.#slow.tell();
  }
}

/** Bounded in all its parts. */
function lineOf({
  wire,
  operation,
  method,
  code,
  seconds,
  requestId,
  principal,
  work,
  address,
  request,
}: EndedRequest) {
  const http = Object.hasOwn(ERROR_CODES, code) ? ERROR_CODES[code as ErrorCode].http : undefined;
  const collection = method === undefined ? '' : collectionsOf(method, request());
  const traceId = currentTraceId();
  return {
    requestId,
    ...(traceId !== '' && { traceId }),
    wire,
    operation: printable(operation, MAX_NAME),
    code,
    ...(http !== undefined && { status: http }),
    ...(principal !== undefined && { tenant: principal.tenantId, caller: principal.apiKeyId || principal.userId }),
    ...(collection !== '' && { collection }),
    ms: rounded(seconds * 1_000),
    ...(work?.queuedMs !== undefined && { queueMs: rounded(work.queuedMs) }),
    ...(work !== undefined && work.cpuUs > 0 && { cpuMs: rounded(work.cpuUs / 1_000) }),
    address: printable(address(), MAX_NAME),
  };
}

function slowLineOf(one: EndedRequest) {
  const { method, work, request } = one;
  const asked = method === undefined ? undefined : shapeOf(method, request());
  const found = planOf(work?.found);
  return {
    ...lineOf(one),
    lane: laneOf(method, work?.isLong),
    ...(asked !== undefined && { asked }),
    ...(found !== undefined && { found }),
  };
}
