import { type ArgumentsHost, Catch, HttpException, Logger } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { VectronError } from '@vectron/sdk';
import { isFault, isRefusedKey, publicError } from './public-error.js';

/** The status where the application's own key is refused: the caller of the application cannot log in to help that. */
const BAD_GATEWAY = 502;

/**
 * An error of Vectron as an answer of this application: status and body `{ statusCode, code, message }`, with `requestId`, `field` and
 * `retryAfterMs` where they are known. Of faults (status 500 and more) the message is general; the error itself is the `cause`.
 */
export function httpExceptionOf(error: VectronError): HttpException {
  const statusCode = isRefusedKey(error) ? BAD_GATEWAY : error.spec.http;
  return new HttpException({ statusCode, ...publicError(error) }, statusCode, { cause: error });
}

/**
 * Answers HTTP calls that end with a VectronError by {@link httpExceptionOf}, with the header Retry-After where it is known, and logs faults.
 * For a controller (`@UseFilters(VectronHttpFilter)`), or for all as `APP_FILTER`. Of other transports it passes the error on.
 */
@Catch(VectronError)
export class VectronHttpFilter extends BaseExceptionFilter {
  readonly #logger = new Logger(VectronHttpFilter.name);

  override catch(error: VectronError, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw error;
    if (isFault(error)) this.#logger.error(`${error.code}: ${error.message} (request ${error.requestId ?? 'unknown'})`);
    const { retryAfterMs } = error.details;
    const adapter = this.applicationRef ?? this.httpAdapterHost?.httpAdapter;
    const response = host.switchToHttp().getResponse<unknown>();
    if (retryAfterMs !== undefined && adapter !== undefined && !adapter.isHeadersSent(response))
      adapter.setHeader(response, 'Retry-After', String(Math.ceil(retryAfterMs / 1_000)));
    super.catch(httpExceptionOf(error), host);
  }
}
