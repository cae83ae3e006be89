import { request } from '../../wire/http1.mjs';

const CONNECTIONS = 60;
const PIPELINED = 100;

export default {
  sends: '60 connections with 100 requests each for large answers, of which nothing is read',
  mustNot: 'make the server keep the answers, or its room for reads',
  overTls: true,
  seconds: 6,
  account: { points: 2_000 },
  async run(context) {
    const { key, collection } = context.account;
    const path = `/v1/collections/${collection}/points?limit=1000&includeVectors=true`;
    const all = Buffer.concat(Array.from({ length: context.times(PIPELINED) }, () => request({ path, key })));
    await context.many(context.times(CONNECTIONS), context.times(CONNECTIONS), async () => {
      const line = await context.open('http', { unread: true });
      if (line === undefined) return;
      await line.send(all);
      context.sent += context.times(PIPELINED);
      await context.hold();
    });
  },
};
