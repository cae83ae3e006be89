import { request } from '../../wire/http1.mjs';

export default {
  sends: 'a search and a login whose connection is reset after each of their bytes',
  mustNot: 'end the process, or keep the room of a request',
  overTls: true,
  shortOverTls: true,
  account: { points: 100 },
  async run(context) {
    const { key, collection } = context.account;
    const search = { vector: [1, 2, 3, 4, 5, 6, 7, 8] };
    const requests = [
      request({ method: 'POST', path: `/v1/collections/${collection}/points/search`, key, body: search }),
      request({ method: 'POST', path: '/v1/users/login', body: { email: 'a@example.org', password: 'none' } }),
    ];
    const cuts = requests.flatMap((bytes) =>
      Array.from({ length: bytes.length + 1 }, (_, at) => bytes.subarray(0, at)),
    );
    const step = Math.ceil(cuts.length / context.times(cuts.length));
    await context.many(Math.floor(cuts.length / step), 16, async (at) => {
      const line = await context.open();
      if (line === undefined) return;
      context.sent += 1;
      await line.send(cuts[at * step]);
      if (at % 2 === 0) await context.pause(2);
      line.reset();
    });
  },
};
