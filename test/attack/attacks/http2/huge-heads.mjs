import { callHeaders, SEARCH } from '../../wire/grpc.mjs';
import { block, indexed, indexing, literal, tableSize } from '../../wire/hpack.mjs';
import { FLAG, FRAME, frame, headers } from '../../wire/http2.mjs';

const FIELD_BYTES = 4_000;
const ROUNDS = 100;
const FRAME_BYTES = 16_000;

/** Pieces of a header block as HEADERS and CONTINUATION frames. */
function inFrames(stream, bytes) {
  const parts = [];
  for (let at = 0; at < bytes.length; at += FRAME_BYTES) {
    const last = at + FRAME_BYTES >= bytes.length ? FLAG.endHeaders : 0;
    parts.push(
      frame(at === 0 ? FRAME.headers : FRAME.continuation, last, stream, bytes.subarray(at, at + FRAME_BYTES)),
    );
  }
  return Buffer.concat(parts);
}

export default {
  sends: 'heads of megabytes: long fields, many fields, and HPACK bombs that name one long field thousands of times',
  mustNot: 'be unpacked into memory',
  seconds: 5,
  async run(context) {
    const call = callHeaders(SEARCH);
    const long = literal('x-long', 'y'.repeat(context.times(4 << 20)));
    const many = Buffer.concat(Array.from({ length: context.times(50_000) }, (_, at) => literal(`x-${at}`, 'y')));
    const bomb = Buffer.concat([
      indexing('x-bomb', 'y'.repeat(FIELD_BYTES)),
      ...Array.from({ length: 15_000 }, () => indexed(62)),
    ]);
    const heads = [
      Buffer.concat([call, long]),
      Buffer.concat([call, many]),
      Buffer.concat([call, bomb]),
      Buffer.concat([tableSize(0xffffff), call]),
      Buffer.concat([...Array.from({ length: 1_000 }, (_, at) => tableSize(at)), call]),
      Buffer.concat([call, indexed(9_999)]),
      Buffer.concat([block({ ':path': '/a', ':path ': '/b' }), call, block({ ':method': 'GET' })]),
      block({ ':method': 'POST' }),
      Buffer.from('ffffffffffffffffffff', 'hex'),
    ];
    await context.many(context.times(ROUNDS) * heads.length, 6, async (at) => {
      const connection = await context.openHttp2();
      if (connection === undefined) return;
      context.sent += 1;
      await connection.line.send(inFrames(1, heads[at % heads.length]));
      await connection.line.send(headers(3, call));
      await Promise.race([connection.line.gone, context.pause(30)]);
      context.countFrames(connection);
      connection.line.close();
    });
  },
};
