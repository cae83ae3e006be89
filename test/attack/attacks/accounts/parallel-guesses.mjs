const GUESSES = 100;
/** Wrong passwords of one account that may be looked at within a quarter of an hour. */
const LOOKED_AT = 12;

export default {
  sends: '100 wrong passwords for one account, all at once',
  mustNot: 'be looked at more than ten times: what counts them must count before they are looked at',
  seconds: 15,
  account: {},
  async run(context) {
    const { email } = context.account;
    await context.many(GUESSES, GUESSES, (at) =>
      context.ask(
        { method: 'POST', path: '/v1/users/login', body: { email, password: `guess-${at}` } },
        { waitMs: 15_000 },
      ),
    );
  },
  judge({ got }) {
    const looked = got['401'] ?? 0;
    if (got['200']) return ['a guess was right'];
    return looked > LOOKED_AT ? [`${looked} of ${GUESSES} guesses were looked at`] : [];
  },
};
