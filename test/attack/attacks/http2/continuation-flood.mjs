import { callHeaders, SEARCH } from '../../wire/grpc.mjs';
import { literal } from '../../wire/hpack.mjs';
import { FRAME, frame, headers } from '../../wire/http2.mjs';

/** CVE-2024-27316 and its kin. */
export default {
  sends: 'CONTINUATION frames that never end a head, empty ones and full ones',
  mustNot: 'be collected without end',
  overTls: true,
  seconds: 5,
  async run(context) {
    const begin = () => headers(1, callHeaders(SEARCH), 0);
    const full = frame(FRAME.continuation, 0, 1, literal('x-more', 'y'.repeat(8_000)));
    const empty = frame(FRAME.continuation, 0, 1);
    await context.flood(1, () => full, { begin });
    context.count('of them empty', 0);
    await context.flood(1, () => empty, { begin });
  },
};
