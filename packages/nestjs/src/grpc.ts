/** Errors of Vectron for gRPC services of NestJS; needs `@nestjs/microservices` and `@grpc/grpc-js`. */
import { Metadata } from '@grpc/grpc-js';
import { type ArgumentsHost, Catch, Logger, type RpcExceptionFilter } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { VectronError } from '@vectron/sdk';
import { type Observable, throwError } from 'rxjs';
import { isFault, isRefusedKey, publicError } from './public-error.js';

/** INTERNAL: the application's own key is refused, and its caller cannot log in to help that. */
const INTERNAL = 13;

/**
 * An error of Vectron as the status of a gRPC call: its code, a message, and in the metadata `vectron-code`, `x-request-id`, `vectron-field` and
 * `grpc-retry-pushback-ms` where they are known. Of faults the message is general.
 */
export function rpcExceptionOf(error: VectronError): RpcException {
  const { code, message, requestId, field, retryAfterMs } = publicError(error);
  const metadata = new Metadata();
  const known = {
    'vectron-code': code,
    'x-request-id': requestId,
    'vectron-field': field,
    'grpc-retry-pushback-ms': retryAfterMs,
  };
  for (const [key, value] of Object.entries(known)) if (value !== undefined) metadata.set(key, asciiOf(String(value)));
  return new RpcException({ code: isRefusedKey(error) ? INTERNAL : error.grpcStatus, message, metadata });
}

/** Values of metadata are printable ASCII. */
const asciiOf = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?');

/**
 * Ends gRPC calls that fail with a VectronError by {@link rpcExceptionOf}, and logs faults. For a controller (`@UseFilters(VectronRpcFilter)`).
 * Of other transports it passes the error on.
 */
@Catch(VectronError)
export class VectronRpcFilter implements RpcExceptionFilter<VectronError> {
  readonly #logger = new Logger(VectronRpcFilter.name);

  catch(error: VectronError, host: ArgumentsHost): Observable<never> {
    if (host.getType() !== 'rpc') throw error;
    if (isFault(error)) this.#logger.error(`${error.code}: ${error.message} (request ${error.requestId ?? 'unknown'})`);
    return throwError(() => rpcExceptionOf(error).getError());
  }
}
