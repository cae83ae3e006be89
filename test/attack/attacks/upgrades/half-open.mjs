import { upgrade } from '../../wire/http1.mjs';

const SOCKETS = 300;

export default {
  sends: 'upgrades, right and wrong, whose client ends its half of the connection and keeps the other',
  mustNot: 'end the process, or keep sockets for ever',
  overTls: true,
  account: { points: 100 },
  async run(context) {
    const { key, collection } = context.account;
    const path = `/v1/collections/${collection}/points/search/stream`;
    const heads = [upgrade({ path, key }), upgrade({ path }), upgrade({ path: '/', headers: { upgrade: 'nothing' } })];
    const lines = [];
    await context.many(context.times(SOCKETS), 16, async (at) => {
      const line = await context.open('http', { allowHalfOpen: true });
      if (line === undefined) return;
      context.sent += 1;
      const head = heads[at % heads.length];
      await line.send(at % 2 === 0 ? head : head.subarray(0, head.length - 2));
      line.finish();
      lines.push(line);
    });
    await context.hold();
    for (const line of lines) {
      await context.answer(line, 1);
      line.reset();
    }
  },
};
