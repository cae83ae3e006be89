import { field, SEARCH_STREAM, searchRequest } from '../../wire/grpc.mjs';

const CONNECTIONS = 20;
const STREAMS = 50;
const LIST = '/vectron.v1.VectronService/ListPoints';

export default {
  sends: 'calls with large answers and streams of answers on connections whose window is 0 and stays 0',
  mustNot: 'make the server keep the answers, or its room for reads',
  seconds: 8,
  account: { points: 2_000 },
  async run(context) {
    const { collection } = context.account;
    const list = Buffer.concat([field(1, collection), Buffer.from([2 << 3, 0xe8, 0x07])]);
    const search = searchRequest(collection, [1, 2, 3, 4, 5, 6, 7, 8]);
    await context.many(context.times(CONNECTIONS), context.times(CONNECTIONS), async () => {
      const connection = await context.openHttp2({ initialWindow: 0 });
      if (connection === undefined) return;
      for (let at = 0; at < STREAMS && !connection.line.closed; at += 1) {
        const [path, request] = at % 2 === 0 ? [LIST, list] : [SEARCH_STREAM, search];
        await connection.line.send(context.call(path, request, { stream: 2 * at + 1 }));
        context.sent += 1;
      }
      await Promise.race([connection.line.gone, context.hold()]);
      context.countFrames(connection);
    });
  },
};
