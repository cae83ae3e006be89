const REFRESHES = 2_000;

export default {
  sends: 'refreshes with tokens that are none, and with one right token over and over',
  mustNot: 'cost a look at the store each, or end sessions of others',
  seconds: 5,
  account: {},
  most: { disk: 16 << 20, log: 64 << 10 },
  async run(context) {
    const { token } = context.account;
    const noise = () => Math.floor(context.random() * 1e15).toString(36);
    const tokens = [noise, () => `${noise()}.${noise()}`, () => token, () => 'x'.repeat(256), () => ''];
    await context.many(context.times(REFRESHES), 24, (at) =>
      context.ask({ method: 'POST', path: '/v1/auth/refresh', body: { refreshToken: tokens[at % tokens.length]() } }),
    );
  },
  judge: ({ got }) => (got['200'] ? ['a refresh with no refresh token was answered'] : []),
};
