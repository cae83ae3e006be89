import type { VectronError } from '@vectron/sdk';

/** What callers of an application are told of an error. */
export interface PublicError {
  readonly code: string;
  readonly message: string;
  /** Of the call to Vectron, as its server logs it. */
  readonly requestId?: string;
  /** The field of the request to Vectron that is wrong. */
  readonly field?: string;
  readonly retryAfterMs?: number;
}

/** The key of the application was refused: a fault of its operator, and not of who calls it. */
export const isRefusedKey = ({ spec }: VectronError): boolean =>
  spec.grpc === 'UNAUTHENTICATED' || spec.grpc === 'PERMISSION_DENIED';

/** Whether the caller cannot do anything about it but try again: the message may name addresses and files, and is for the log. */
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
