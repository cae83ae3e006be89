import { callHeaders, HEALTH_CHECK, HEALTH_WATCH, REFLECTION } from '../../wire/grpc.mjs';
import { headers } from '../../wire/http2.mjs';

const CONNECTIONS = 40;
const STREAMS = 200;

export default {
  sends:
    'Health/Watch and reflection streams by the thousand that never end, with and without a key, and Health/Check floods',
  mustNot: 'be kept without bound, or take what calls need',
  seconds: 6,
  account: {},
  async run(context) {
    const { key } = context.account;
    await context.many(context.times(CONNECTIONS), context.times(CONNECTIONS), async (at) => {
      const connection = await context.openHttp2();
      if (connection === undefined) return;
      const { line } = connection;
      for (let n = 0; n < STREAMS && !line.closed; n += 1) {
        const stream = 2 * n + 1;
        const shown = at % 2 === 0 ? key : undefined;
        const calls = [
          context.call(HEALTH_WATCH, Buffer.alloc(0), { key: shown, stream }),
          headers(stream, callHeaders(REFLECTION, shown)),
          context.call(HEALTH_CHECK, Buffer.from([0x0a, 1, 65 + (n % 26)]), { key: shown, stream }),
        ];
        await line.send(calls[n % calls.length]);
        context.sent += 1;
      }
      await Promise.race([line.gone, context.hold()]);
      context.countFrames(connection);
    });
  },
};
