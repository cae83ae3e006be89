import { upgrade } from '../../wire/http1.mjs';
import { frame, OP } from '../../wire/websocket.mjs';

const BATCH = 500;

export default {
  sends: 'pings as fast as they are taken, fragments of a byte and empty ones without end, pongs that nobody asked for',
  mustNot: 'pile up, or keep the event loop from others',
  overTls: true,
  seconds: 6,
  account: { points: 100 },
  async run(context) {
    const { key, collection } = context.account;
    const head = upgrade({ path: `/v1/collections/${collection}/points/search/stream`, key });
    const of = (one) => Buffer.concat(Array.from({ length: BATCH }, () => one));
    const floods = [
      [frame(OP.ping, 'x'.repeat(125)), undefined],
      [frame(OP.continuation, ' ', { last: false }), frame(OP.text, '{', { last: false })],
      [frame(OP.continuation, '', { last: false }), frame(OP.text, '{', { last: false })],
      [frame(OP.pong, ''), undefined],
    ].map(([one, first]) => ({ first, batch: of(one) }));
    await context.again(8, async (at) => {
      const line = await context.open('http', { unread: at % 2 === 1 });
      if (line === undefined) return context.pause(50);
      await line.send(head);
      if (at % 2 === 0) await line.until(/101/, 2_000);
      else await context.pause(50);
      const { first, batch } = floods[at % floods.length];
      if (first) await line.send(first);
      while (!context.over && (await line.send(batch))) {
        context.sent += BATCH;
        while (line.unsent > 1 << 20 && !line.closed && !context.over) await context.pause(5);
      }
      context.count(line.closed ? 'cut off' : 'taken');
      line.reset();
    });
  },
};
