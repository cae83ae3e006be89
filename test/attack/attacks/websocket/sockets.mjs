import { upgrade } from '../../wire/http1.mjs';

const SOCKETS = 3_000;

export default {
  sends: '3,000 WebSockets of one account that stay open and say nothing',
  mustNot: 'be given all, or keep others from opening theirs',
  overTls: true,
  seconds: 8,
  account: { points: 100 },
  most: { memory: 512 << 20 },
  async run(context) {
    const { key, collection } = context.account;
    const head = upgrade({ path: `/v1/collections/${collection}/points/search/stream`, key });
    await context.many(context.times(SOCKETS), 50, async () => {
      const line = await context.open();
      if (line === undefined) return;
      context.sent += 1;
      await line.send(head);
      await context.answer(line);
    });
    await context.hold();
  },
  judge({ got, times }) {
    const most = times(SOCKETS);
    return most > 1_000 && got['101'] >= most ? [`one account was given ${got['101']} WebSockets`] : [];
  },
};
