const REGISTRATIONS = 110;

export default {
  sends: '110 registrations at once',
  mustNot: 'keep others from logging in: each costs as much as a login',
  seconds: 15,
  async run(context) {
    const name = `flood-${Math.floor(context.random() * 1e9)}`;
    await context.many(context.times(REGISTRATIONS), REGISTRATIONS, (at) => {
      const body = { email: `${name}-${at}@example.org`, password: 'a-password-of-some-length' };
      return context.ask({ method: 'POST', path: '/v1/users/register', body }, { waitMs: 15_000 });
    });
  },
};
