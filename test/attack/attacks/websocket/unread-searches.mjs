import { upgrade } from '../../wire/http1.mjs';
import { frame, OP } from '../../wire/websocket.mjs';

const SOCKETS = 20;
const SEARCHES = 2_000;

export default {
  sends: 'thousands of searches over WebSockets, all at once, whose answers are not read',
  mustNot: 'be answered into memory, or take the room of other tenants',
  seconds: 6,
  account: { points: 2_000 },
  async run(context) {
    const { key, collection } = context.account;
    const head = upgrade({ path: `/v1/collections/${collection}/points/search/stream`, key });
    const search = frame(
      OP.text,
      JSON.stringify({ vector: [1, 2, 3, 4, 5, 6, 7, 8], topK: 1_000, includeVectors: true }),
    );
    const all = Buffer.concat(Array.from({ length: context.times(SEARCHES) }, () => search));
    await context.many(context.times(SOCKETS), context.times(SOCKETS), async () => {
      const line = await context.open('http', { unread: true });
      if (line === undefined) return;
      await line.send(head);
      await context.pause(50);
      await line.send(all);
      context.sent += context.times(SEARCHES);
      await context.hold();
      line.reset();
    });
  },
};
