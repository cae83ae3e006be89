import { callHeaders, SEARCH } from '../../wire/grpc.mjs';
import { headers } from '../../wire/http2.mjs';

const CONNECTIONS = 6;
const STREAMS = 100_000;
const BATCH = 500;

export default {
  sends: '600,000 streams over 6 connections, half of them with a key, whose messages never come',
  mustNot: 'be kept: 11 GB of memory were never given back',
  overTls: true,
  seconds: 20,
  account: { points: 100 },
  async run(context) {
    const { key } = context.account;
    await context.many(CONNECTIONS, CONNECTIONS, async (at) => {
      const connection = await context.openHttp2();
      if (connection === undefined) return;
      const block = callHeaders(SEARCH, at % 2 === 0 ? key : undefined);
      const most = context.times(STREAMS);
      for (let sent = 0; sent < most && !context.over && !connection.line.closed; sent += BATCH) {
        const batch = Array.from({ length: BATCH }, (_, n) => headers(2 * (sent + n) + 1, block));
        if (!(await connection.line.send(Buffer.concat(batch)))) break;
        context.sent += BATCH;
        // Bytes that nobody takes would only fill this process.
        while (connection.line.unsent > 4 << 20 && !connection.line.closed && !context.over) await context.pause(5);
      }
      if (!connection.line.closed) await Promise.race([connection.line.gone, context.pause(500)]);
      context.countFrames(connection);
    });
  },
};
