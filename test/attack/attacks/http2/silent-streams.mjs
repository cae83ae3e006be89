import { callHeaders, LOGIN, message, SEARCH, UPSERT } from '../../wire/grpc.mjs';
import { data, headers } from '../../wire/http2.mjs';

const CONNECTIONS = 60;
const STREAMS = 100;
const CLAIMED_BYTES = 30 << 20;

export default {
  sends: 'streams whose message is announced with 30 MiB and never comes, or comes a byte at a time',
  mustNot: 'take room that others need, or be kept for ever',
  overTls: true,
  seconds: 8,
  account: { points: 100 },
  async run(context) {
    const { key } = context.account;
    const blocks = [callHeaders(UPSERT, key), callHeaders(SEARCH, key), callHeaders(LOGIN)];
    const first = message(Buffer.alloc(1), { length: CLAIMED_BYTES });
    await context.many(context.times(CONNECTIONS), context.times(CONNECTIONS), async (at) => {
      const connection = await context.openHttp2();
      if (connection === undefined) return;
      const { line } = connection;
      for (let n = 0; n < STREAMS && !line.closed; n += 1) {
        const stream = 2 * n + 1;
        await line.send(Buffer.concat([headers(stream, blocks[(at + n) % blocks.length]), data(stream, first)]));
        context.sent += 1;
      }
      while (!context.over && !line.closed) {
        await line.send(data(1, Buffer.alloc(1)));
        await Promise.race([line.gone, context.pause(500)]);
      }
      context.countFrames(connection);
    });
  },
};
