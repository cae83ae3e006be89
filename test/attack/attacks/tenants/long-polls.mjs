import { field } from '../../wire/grpc.mjs';
import { request } from '../../wire/http1.mjs';

const POLLS = 1_000;
const CHANGES = '/vectron.v1.VectronService/ListChanges';

/** wait_ms of 60,000, the most there is. */
const WAIT = Buffer.from([3 << 3, 0xe0, 0xd4, 0x03]);

export default {
  sends: 'a thousand long polls of changes with ten keys of one account, over REST and gRPC, all at once',
  mustNot: 'take the room in which other tenants wait for changes',
  seconds: 6,
  account: { points: 100, keys: 10 },
  async run(context) {
    const { keys, collection } = context.account;
    // Behind the changes that there are: from there, each waits.
    const list = Buffer.concat([field(1, collection), WAIT]);
    const many = context.times(POLLS);
    await context.many(many, many, async (at) => {
      const key = keys[at % keys.length];
      if (at % 4 === 0) {
        const connection = await context.openHttp2();
        if (connection === undefined) return;
        for (let n = 0; n < 25; n += 1)
          await connection.line.send(context.call(CHANGES, list, { key, stream: 2 * n + 1 }));
        context.sent += 25;
        await context.hold();
        context.countFrames(connection);
        return;
      }
      const path = `/v1/collections/${collection}/changes?waitMs=60000`;
      const cursor = await nextCursor(context, path, key);
      const line = await context.open();
      if (line === undefined) return;
      context.sent += 1;
      await line.send(request({ path: `${path}&cursor=${encodeURIComponent(cursor)}`, key }));
      await context.hold();
      await context.answer(line, 1);
    });
  },
};

const known = new Map();
/** Where the changes end now. */
async function nextCursor(context, path, key) {
  if (!known.has(path)) {
    known.set(
      path,
      (async () => {
        const line = await context.open();
        await line?.send(request({ path, key }));
        const [, cursor = ''] = (await line?.until(/"nextCursor":"([^"]*)"/, 2_000)) ?? [];
        line?.close();
        return cursor;
      })(),
    );
  }
  return known.get(path);
}
