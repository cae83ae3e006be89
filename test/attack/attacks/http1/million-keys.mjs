const KEYS = 1_000_000;
const OPEN = ['/v1/users/login', '/v1/users/register', '/v1/auth/refresh'];

/** A body whose keys nobody knows: converted and listed one by one, it cost five seconds of processor time. */
export default {
  sends: 'a JSON body of a million unknown keys to every route that needs no token, and to some that do',
  mustNot: 'hold the process up',
  overTls: true,
  seconds: 20,
  account: { points: 100 },
  async run(context) {
    const { key, collection } = context.account;
    const keys = context.times(KEYS);
    const of = (name) => `{${Array.from({ length: keys }, (_, at) => `"${name}${at}":1`).join(',')}}`;
    const flat = of('k');
    const nested = `{"points":[{"id":"a","vector":[1,2,3,4,5,6,7,8],"payload":${flat}}]}`;
    const listed = `{"email":[${'1,'.repeat(keys)}1],"password":"x"}`;
    const requests = [
      ...OPEN.flatMap((path) => [
        { path, body: flat },
        { path, body: listed },
      ]),
      { path: `/v1/collections/${collection}/points/search`, key, body: flat },
      { path: `/v1/collections/${collection}/points`, key, body: flat },
      { path: `/v1/collections/${collection}/points`, key, body: nested },
      { path: '/v1/keys', key: context.account.token, body: flat },
      { path: '/v1/nowhere', body: flat },
    ];
    await context.many(requests.length, 4, (at) =>
      context.ask({ method: 'POST', ...requests[at] }, { waitMs: 20_000 }),
    );
  },
};
