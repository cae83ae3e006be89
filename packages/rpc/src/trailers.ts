import { constants, type OutgoingHttpHeaders } from 'node:http2';
import { status as codes, type StatusObject } from '@grpc/grpc-js';
import { toVectronError, type VectronError } from '@vectron/errors';
import { REQUEST_ID, statusFromError } from './status.js';

/** Halves of characters, which no UTF-8 has. */
const LONE_SURROGATES = /[\ud800-\udfff]/gu;

/** What the headers of an answer say, whether or not a message comes after them. */
export const ANSWER_HEADERS: Readonly<OutgoingHttpHeaders> = {
  [constants.HTTP2_HEADER_STATUS]: 200,
  [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc+proto',
  'grpc-encoding': 'identity',
  'grpc-accept-encoding': 'identity,deflate,gzip',
};

/**
 * The one frame that answers a call which has failed, and was sent no message: `Trailers-Only` of gRPC over HTTP/2. With a request id, who
 * called finds it in the metadata of the error.
 */
export function failureHeaders(
  { code, details, metadata }: Pick<StatusObject, 'code' | 'details'> & Partial<StatusObject>,
  requestId = '',
): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {
    ...ANSWER_HEADERS,
    'grpc-status': code,
    'grpc-message': encodeURI(details.replace(LONE_SURROGATES, '\ufffd')),
    ...metadata?.toHttp2Headers(),
  };
  return withId(headers, requestId);
}

const known = new WeakMap<VectronError, OutgoingHttpHeaders>();

/** As {@link failureHeaders}, made once for each error: many calls are refused with the same one, when there is least time. */
export function errorHeaders(error: unknown, requestId = ''): OutgoingHttpHeaders {
  const told = toVectronError(error);
  let headers = known.get(told);
  if (headers === undefined) {
    headers = failureHeaders(statusFromError(told));
    known.set(told, headers);
  }
  return withId(headers, requestId);
}

/** A copy of the headers that carries the id of the call, unless that is empty. */
export const withId = (headers: OutgoingHttpHeaders, requestId: string): OutgoingHttpHeaders =>
  requestId === '' ? { ...headers } : { ...headers, [REQUEST_ID]: requestId };

export const OK_TRAILERS: Readonly<OutgoingHttpHeaders> = { 'grpc-status': codes.OK, 'grpc-message': 'OK' };
