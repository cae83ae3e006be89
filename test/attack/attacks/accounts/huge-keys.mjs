const KEYS = 24;
const COLLECTIONS = 100_000;

export default {
  sends: '24 requests for API keys that are limited to 100,000 collections each, and to names of megabytes',
  mustNot: 'be kept: every start and every listing would read them',
  seconds: 15,
  account: {},
  most: { disk: 16 << 20 },
  async run(context) {
    const { token } = context.account;
    const collections = Array.from({ length: context.times(COLLECTIONS) }, (_, at) => `collection-${at}`);
    const long = 'x'.repeat(context.times(4 << 20));
    const bodies = [{ collections }, { collections: [long] }, { name: long }];
    await context.many(KEYS, 6, (at) =>
      context.ask(
        { method: 'POST', path: '/v1/keys', key: token, body: { name: 'k', ...bodies[at % 3] } },
        { waitMs: 15_000 },
      ),
    );
  },
  judge: ({ got }) => (got['200'] ? [`${got['200']} huge keys were made`] : []),
};
