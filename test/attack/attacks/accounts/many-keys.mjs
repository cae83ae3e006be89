const KEYS = 3_000;
/** What a free account may have of keys is a setting; without one, this would be all of them. */
const MOST = 1_000;

export default {
  sends: 'requests for 3,000 API keys by one free account, and lists of them',
  mustNot: 'be given all',
  seconds: 12,
  account: {},
  async run(context) {
    const { token } = context.account;
    await context.many(context.times(KEYS), 16, async (at) => {
      await context.ask({ method: 'POST', path: '/v1/keys', key: token, body: { name: `k-${at}` } });
      if (at % 100 === 0) await context.ask({ path: '/v1/keys', key: token });
    });
  },
  judge({ got }) {
    return (got['200'] ?? 0) > MOST ? [`${got['200']} keys were given to one account`] : [];
  },
};
