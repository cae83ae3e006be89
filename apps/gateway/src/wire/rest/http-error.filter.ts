import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { metadataOf, retryAfterOf, toVectronError, VectronError } from '@vectron/errors';
import { inCamelCase } from '@vectron/model';
import type { Logger } from '@vectron/observability';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Observable, throwError } from 'rxjs';
import { masked } from '../../edge/audit-target.js';
import { forClients } from '../../edge/public-error.js';
import { markCode } from './reply-code.js';

/** A header by which a client whose language has such names gets those of the proto: `snake_case`. */
const NAMES_HEADER = 'vectron-field-names';

/** What a failed call was asked: the name of its message, and what its caller sent, however far it was read. */
export interface FailedRequest {
  readonly name: string;
  readonly sent: () => unknown;
}

/** A google.rpc.Status as JSON, which names the fields of the request as JSON does. `request`: none where no method was found. */
export function errorBody(known: VectronError, request?: FailedRequest) {
  const shown = forClients(known);
  const error = request === undefined ? shown : inCamelCase(shown, request.name, request.sent);
  const retryAfterMs = retryAfterOf(error);
  const metadata = metadataOf({ ...error.details, retryAfterMs });
  const details: unknown[] = [
    { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: error.code, domain: 'vectron', metadata },
  ];
  const { field } = error.details;
  if (field !== undefined) {
    const fieldViolations = [{ field, description: error.message }];
    details.push({ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations });
  }
  if (retryAfterMs !== undefined) {
    // A google.protobuf.Duration as JSON.
    const retryDelay = `${(retryAfterMs / 1_000).toFixed(3)}s`;
    details.push({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay });
  }
  return { code: error.grpcStatus, message: error.message, details };
}

/** What the web framework itself refuses, in Vectron's words. */
export function fromFramework(error: unknown): VectronError {
  if (error instanceof VectronError) return error;
  const status =
    error instanceof HttpException ? error.getStatus() : (error as { statusCode?: number } | null)?.statusCode;
  const text = error instanceof Error ? error.message : String(error);
  if (status === 404) return new VectronError('NOT_FOUND', 'there is no such path; see /docs for all paths');
  if (status === 415) {
    return new VectronError(
      'UNSUPPORTED_MEDIA_TYPE',
      'the body must be JSON: send the header content-type: application/json',
    );
  }
  if (status === 413) return new VectronError('PAYLOAD_TOO_LARGE', 'the request body is too large');
  if (status !== undefined && status >= 400 && status < 500) return new VectronError('INVALID_ARGUMENT', text);
  return toVectronError(error);
}

/** Answers failed REST calls; lets gRPC errors pass to the gRPC server as they are. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): Observable<never> | undefined {
    if (host.getType() !== 'http') return throwError(() => error);
    const http = host.switchToHttp();
    const known = fromFramework(error);
    logFault(this.logger, known, http.getRequest<FastifyRequest>());
    sendError(http.getResponse<FastifyReply>(), known);
    return undefined;
  }
}

/** Writes down what the client is not told. */
export function logFault(logger: Logger, known: VectronError, { id, url }: Pick<FastifyRequest, 'id' | 'url'>): void {
  const fault = { err: known.cause ?? known, url: masked(url.slice(0, 2_048)), requestId: id };
  if (known.code === 'INTERNAL') logger.error(fault, 'call failed');
  else if (forClients(known) !== known) logger.warn({ ...fault, err: known }, 'call failed');
}

export function sendError(reply: FastifyReply, error: VectronError): void {
  markCode(reply, error.code);
  const after = retryAfterSeconds(error);
  if (after !== undefined) reply.header('retry-after', after);
  if (error.spec.http === 401) reply.header('www-authenticate', 'Bearer');
  void reply.code(error.spec.http).send(errorBody(error, failedRequest(reply.request)));
}

/** undefined: the path is not in the contract, no route was looked up, or the client wants the names as they are. */
function failedRequest(request: FastifyRequest | undefined): FailedRequest | undefined {
  const contract = request?.routeOptions?.config?.contract;
  if (request === undefined || contract === undefined) return undefined;
  if (request.headers[NAMES_HEADER] === 'snake_case') return undefined;
  return { name: contract.request, sent: () => [decodedUrl(request.url), request.body] };
}

function decodedUrl(url: string): string {
  try {
    return decodeURIComponent(url);
  } catch {
    return url;
  }
}

/** The header counts whole seconds: never less than what the body says in milliseconds. */
export function retryAfterSeconds(error: VectronError): number | undefined {
  const afterMs = retryAfterOf(error);
  return afterMs === undefined ? undefined : Math.ceil(afterMs / 1_000);
}
