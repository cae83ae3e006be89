const GUESSES = 60;

/** The normal load logs the user in all the time, and the campaign logs the administrator in afterwards. */
export default {
  sends: 'wrong passwords for the administrator and for a user, from two addresses that they do not come from',
  mustNot: 'keep either from logging in with the right password from where they are',
  seconds: 10,
  account: {},
  async run(context) {
    const { admin, user } = context.account;
    await context.many(GUESSES, 4, (at) => {
      const email = at % 2 === 0 ? admin : user;
      const from = at % 4 < 2 ? '127.0.0.2' : '127.0.0.3';
      return context.ask(
        { method: 'POST', path: '/v1/users/login', body: { email, password: `guess-${at}` } },
        { from },
      );
    });
  },
};
