/** Calls of gRPC over HTTP/2 by hand. */
import { block } from './hpack.mjs';

export const SEARCH = '/vectron.v1.VectronService/Search';
export const SEARCH_STREAM = '/vectron.v1.VectronService/SearchStream';
export const UPSERT = '/vectron.v1.VectronService/Upsert';
export const LOGIN = '/vectron.auth.v1.AuthService/Login';
export const HEALTH_CHECK = '/grpc.health.v1.Health/Check';
export const HEALTH_WATCH = '/grpc.health.v1.Health/Watch';
export const REFLECTION = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';

/** The header block of a call. */
export const callHeaders = (path, key, more = {}) =>
  block({
    ':method': 'POST',
    ':scheme': 'http',
    ':path': path,
    ':authority': 'vectron',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    ...more,
  });

/** A message with its prefix; `length` claims another length than it has. */
export function message(bytes = Buffer.alloc(0), { compressed = false, length = bytes.length } = {}) {
  const head = Buffer.alloc(5);
  head[0] = compressed ? 1 : 0;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, bytes]);
}

function varint(value) {
  const bytes = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

/** A field of bytes or text in a protobuf message. */
export function field(number, value) {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

/** A SearchRequest. */
export function searchRequest(collection, vector) {
  return Buffer.concat([field(1, collection), field(2, Buffer.from(Float32Array.from(vector).buffer))]);
}
