const COLLECTIONS = 1_500;
const UNDO_MS = 60_000;

export default {
  sends: 'collections, aliases and indexes of a free account, as many as it gets',
  mustNot: 'slow other tenants down, or be without bound',
  seconds: 15,
  account: { points: 100 },
  most: { disk: 512 << 20 },
  async run(context) {
    const { key, collection } = context.account;
    const post = (path, body) => context.ask({ method: 'POST', path, key, body }, { waitMs: 15_000 });
    const made = [];
    await context.many(context.times(COLLECTIONS), 8, async (at) => {
      const name = `c-${at}`;
      const status = await post('/v1/collections', { name, dimension: 2, shards: 1 });
      if (status === 200) made.push(name);
      else await context.pause(20);
      await post('/v1/aliases', { set: Array.from({ length: 20 }, (_, n) => ({ alias: `a-${at}-${n}`, collection })) });
      await post(`/v1/collections/${collection}/indexes`, { index: { path: `field-${at}`, type: 'keyword' } });
      await post(`/v1/collections/${collection}/indexes`, { sparseVector: `sparse-${at}` });
    });
    context.count('collections made', made.length);
    // What the account has is its own; it is given back so that the next attack begins where this one did.
    const end = performance.now() + UNDO_MS;
    for (const name of [...made, collection]) {
      if (performance.now() > end) break;
      await context.ask({ method: 'DELETE', path: `/v1/collections/${name}`, key });
    }
  },
};
