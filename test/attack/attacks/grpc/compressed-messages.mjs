import { deflateSync, gzipSync } from 'node:zlib';
import { LOGIN, SEARCH, UPSERT } from '../../wire/grpc.mjs';

const UNPACKED = 256 << 20;
const ROUNDS = 10;

export default {
  sends: 'messages of kilobytes that unpack to 256 MiB, with and without a key',
  mustNot: 'take the memory, or the time to unpack it',
  seconds: 8,
  account: { points: 100 },
  async run(context) {
    const zeros = Buffer.alloc(context.times(UNPACKED));
    const bombs = [
      ['gzip', gzipSync(zeros)],
      ['deflate', deflateSync(zeros)],
      ['snappy', Buffer.alloc(1_000)],
    ];
    const calls = [UPSERT, SEARCH, LOGIN].flatMap((path) =>
      bombs.map(([encoding, bytes]) => ({ path, encoding, bytes })),
    );
    await context.many(context.times(ROUNDS) * calls.length, 6, async (at) => {
      const connection = await context.openHttp2();
      if (connection === undefined) return;
      const { path, encoding, bytes } = calls[at % calls.length];
      const key = at % 2 === 0 ? context.account.key : undefined;
      const call = { key, more: { 'grpc-encoding': encoding }, prefix: { compressed: true } };
      context.sent += 1;
      await connection.line.send(context.call(path, bytes.subarray(0, 16_000), call));
      await Promise.race([connection.line.gone, context.pause(200)]);
      context.countFrames(connection);
      connection.line.close();
    });
  },
};
