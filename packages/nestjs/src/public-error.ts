import type { VectronError } from '@vectron/sdk';

/** The part of an error that is sent to the callers of the application. */
export interface PublicError {
  readonly code: string;
  readonly message: string;
  /** The id of the call to Vectron in the log of its server. */
  readonly requestId?: string;
  /** The invalid field of the request to Vectron. */
  readonly field?: string;
  readonly retryAfterMs?: number;
}

/** The key of the application was refused: a fault of its operator, and not of who calls it. */
export const isRefusedKey = ({ spec }: VectronError): boolean =>
  spec.grpc === 'UNAUTHENTICATED' || spec.grpc === 'PERMISSION_DENIED';

/**
 * Whether the caller cannot do anything about it but try again: the message may name addresses and files, and is for
 * the log.
 */
export const isFault = (error: VectronError): boolean => isRefusedKey(error) || error.spec.http >= 500;

/** What callers may know of it. The message of a fault is replaced. */
export function publicError(error: VectronError): PublicError {
  const { code, requestId, details } = error;
  const { field, retryAfterMs } = details;
  const message = isFault(error) ? messageOfFault(error) : error.message;
  const known = { requestId, field: isFault(error) ? undefined : field, retryAfterMs };
  const given = Object.entries(known).filter(([, value]) => value !== undefined);
  return { code, message, ...Object.fromEntries(given) };
}

function messageOfFault(error: VectronError): string {
  if (isRefusedKey(error)) return 'the vector database has refused this application';
  if (error.spec.grpc === 'DEADLINE_EXCEEDED') return 'the vector database did not answer in time';
  if (error.spec.grpc === 'UNAVAILABLE') return 'the vector database is not available; try again in a moment';
  return 'the vector database could not do this';
}
