import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import { encoder, framedEncoder, gateway, Struct } from '@vectron/proto';
import { payloadFields } from '../../data/document.js';
import type { SearchAnswer } from '../../data/search-answer.js';

const LENGTH = 2;
const VARINT = 0;
const FLOAT = 5;
const DOUBLE = 1;
const tag = (field: number, type: number) => (field << 3) | type;

/** Fields of vectron.v1.SearchResponse and SearchResult; search-codec.test.ts compares with the generated codec. */
const RESULTS = tag(1, LENGTH);
/** The field `answers` of vectron.v1.SearchBatchResponse on the wire. */
const ANSWERS = tag(1, LENGTH);
const RESULT = {
  id: tag(1, LENGTH),
  score: tag(2, FLOAT),
  payload: tag(3, LENGTH),
  vector: tag(4, LENGTH),
  document: tag(20, LENGTH),
  explanation: tag(21, LENGTH),
  payloadJson: tag(22, LENGTH),
};
const KEY = tag(1, LENGTH);
const VALUE = tag(2, LENGTH);

/** An encoded vectron.v1.SearchResponse. Vectors go as they are, payloads too where the shard made fields of them. */
export const encodeSearchAnswer = encoder(writeAnswer);
/** The same with the prefix of gRPC. */
export const frameSearchAnswer = framedEncoder(writeAnswer);

/** Answers of a batch, in its order, as the bytes of one vectron.v1.SearchBatchResponse. */
export const encodeBatchAnswer = encoder((answers: readonly SearchAnswer[], writer) => {
  for (const answer of answers) {
    writer.uint32(ANSWERS).fork();
    writeAnswer(answer, writer);
    writer.join();
  }
});

function writeAnswer(answer: SearchAnswer, writer: BinaryWriter): void {
  for (const hit of answer.hits) {
    writer.uint32(RESULTS).fork();
    writer.uint32(RESULT.id).string(hit.id).uint32(RESULT.score).float(hit.score);
    if (answer.payloadFields) writer.raw(hit.payload);
    else if (hit.payload.length > 0) writePayload(writer, hit.payload);
    if (hit.vector.length > 0) writer.uint32(RESULT.vector).bytes(hit.vector);
    if (hit.explanation !== '') writer.uint32(RESULT.explanation).string(hit.explanation);
    writer.join();
  }
  // The generated encoder knows the rest, which is small: fields of a message may come in any order.
  gateway.SearchResponse.encode({ ...answer, results: [] }, writer);
}

function writePayload(writer: BinaryWriter, stored: Buffer): void {
  const { payload, document, payloadJson } = payloadFields(stored);
  for (const [key, value] of payload) {
    writer.uint32(RESULT.payload).fork();
    writer.uint32(KEY).string(key).uint32(VALUE).string(value).join();
  }
  Struct.encode(Struct.wrap(document), writer.uint32(RESULT.document).fork()).join();
  if (payloadJson !== '') writer.uint32(RESULT.payloadJson).string(payloadJson);
}

/** A message whose vectors are left as the bytes they came in, which for packed floats are little-endian float32. */
export type Packed<T> = T & { readonly packedVector: Buffer };

/** Decodes vectron.v1.SearchRequest. */
export function decodeSearchRequest(bytes: Buffer): Packed<gateway.SearchRequest> {
  const { packed, rest } = cutLengths(bytes, tag(2, LENGTH));
  return Object.assign(gateway.SearchRequest.decode(rest), { packedVector: joined(packed) });
}

/** Decodes vectron.v1.UpsertRequest. */
export function decodeUpsertRequest(bytes: Buffer): Omit<gateway.UpsertRequest, 'points'> & {
  points: Packed<gateway.Point>[];
} {
  const { packed, rest } = cutLengths(bytes, tag(2, LENGTH));
  const points = packed.map((point) => {
    const inPoint = cutLengths(point, tag(2, LENGTH));
    return Object.assign(gateway.Point.decode(inPoint.rest), { packedVector: joined(inPoint.packed) });
  });
  return { ...gateway.UpsertRequest.decode(rest), points };
}

/** Decodes vectron.v1.UpsertBatch, but for the bytes of its request. */
export function decodeUpsertBatch(bytes: Buffer): { readonly sequence: bigint; readonly upsert: Buffer } {
  const { packed, rest } = cutLengths(bytes, tag(2, LENGTH));
  return { sequence: gateway.UpsertBatch.decode(rest).sequence, upsert: joined(packed) };
}

const joined = (parts: Buffer[]) => (parts.length === 1 ? parts[0] : Buffer.concat(parts));

/** Takes the occurrences of one length-delimited field out of a message. Throws RangeError when it is malformed. */
function cutLengths(bytes: Buffer, wanted: number): { packed: Buffer[]; rest: Buffer } {
  const packed: Buffer[] = [];
  const rest: Buffer[] = [];
  let kept = 0;
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 1, count = 0; count < 10; count++, shift *= 0x80) {
      if (at >= bytes.length) throw new RangeError('the message ends within a number');
      const byte = bytes[at++];
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a number has more than ten bytes');
  };
  while (at < bytes.length) {
    const start = at;
    const field = varint();
    const type = field & 7;
    if (type === LENGTH) {
      const length = varint();
      if (length > bytes.length - at) throw new RangeError('the message ends within a field');
      if (field === wanted) {
        if (start > kept) rest.push(bytes.subarray(kept, start));
        packed.push(bytes.subarray(at, at + length));
        kept = at + length;
      }
      at += length;
    } else if (type === VARINT) varint();
    else if (type === DOUBLE) at += 8;
    else if (type === FLOAT) at += 4;
    // Groups: nobody sends them, and the decoder says what it thinks of one.
    else break;
  }
  if (kept < bytes.length) rest.push(bytes.subarray(kept));
  return { packed, rest: joined(rest) };
}
