const DEPTH = 1_000_000;

export default {
  sends: 'JSON nested a million deep: lists, objects, filters, payloads',
  mustNot: 'overflow the stack or hold the process up',
  seconds: 10,
  account: { points: 100 },
  async run(context) {
    const { key, collection } = context.account;
    const depth = context.times(DEPTH);
    const lists = '['.repeat(depth) + ']'.repeat(depth);
    const objects = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    const filter = `${'{"all":['.repeat(depth)}{}${']}'.repeat(depth)}`;
    const points = `/v1/collections/${collection}/points`;
    const vector = '[1,2,3,4,5,6,7,8]';
    const requests = [
      { path: '/v1/users/login', body: lists },
      { path: '/v1/users/login', body: '['.repeat(depth) },
      { path: '/v1/users/register', body: objects },
      { path: '/v1/auth/refresh', body: `{"refreshToken":${lists}}` },
      { path: points, key, body: `{"points":[{"id":"a","vector":${vector},"payload":${objects}}]}` },
      { path: `${points}/search`, key, body: `{"vector":${vector},"filter":${filter}}` },
      { path: `${points}/count`, key, body: `{"filter":${'{"none":['.repeat(2_000)}{}${']}'.repeat(2_000)}}` },
      { path: `${points}/query`, key, body: lists },
      { path: '/v1/aliases', key, body: objects },
    ];
    await context.many(requests.length, 4, (at) =>
      context.ask({ method: 'POST', ...requests[at] }, { waitMs: 20_000 }),
    );
  },
};
