import { SEARCH, searchRequest } from '../../wire/grpc.mjs';

export default {
  sends: 'searches and writes with ten keys of one account on both wires, as many as are taken',
  mustNot: 'get ten shares: other tenants are refused nothing',
  seconds: 6,
  account: { points: 2_000, keys: 10 },
  async run(context) {
    const { keys, collection } = context.account;
    const vector = () => Array.from({ length: 8 }, () => context.random());
    const points = `/v1/collections/${collection}/points`;
    const overRest = context.again(40, async (at) => {
      const key = keys[at % keys.length];
      const request =
        at % 3 === 0
          ? { path: points, body: { points: [{ id: `p-${at % 2_000}`, vector: vector() }] } }
          : { path: `${points}/search`, body: { vector: vector(), topK: 100 } };
      await context.ask({ method: 'POST', key, ...request });
    });
    const overGrpc = context.again(10, async (at) => {
      const connection = await context.openHttp2();
      if (connection === undefined) return context.pause(50);
      const key = keys[at % keys.length];
      for (let n = 0; n < 50 && !connection.line.closed; n += 1) {
        await connection.line.send(
          context.call(SEARCH, searchRequest(collection, vector()), { key, stream: 2 * n + 1 }),
        );
        context.sent += 1;
      }
      await Promise.race([connection.line.gone, context.pause(200)]);
      context.countFrames(connection);
      connection.line.close();
    });
    await Promise.all([overRest, overGrpc]);
  },
};
