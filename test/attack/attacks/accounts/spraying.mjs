const ACCOUNTS = 300;
/** Wrong passwords from one address that may be looked at within a quarter of an hour. */
const LOOKED_AT = 110;

export default {
  sends: 'one password for 300 accounts, most of which are not there, from one address',
  mustNot: 'be looked at more than a hundred times, or keep others from logging in',
  seconds: 15,
  account: {},
  async run(context) {
    await context.many(context.times(ACCOUNTS), 30, (at) => {
      const email = at % 10 === 0 ? context.account.email : `somebody-${at}@example.org`;
      return context.ask({ method: 'POST', path: '/v1/users/login', body: { email, password: 'summer-2026' } });
    });
  },
  judge({ got }) {
    const looked = got['401'] ?? 0;
    return looked > LOOKED_AT ? [`${looked} guesses from one address were looked at`] : [];
  },
};
