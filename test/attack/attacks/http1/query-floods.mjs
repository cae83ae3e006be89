const PARAMETERS = 100_000;
const ROUNDS = 30;

export default {
  sends: 'URLs of 100,000 parameters, and as many as a head may have: equal ones, nested ones, percent signs',
  mustNot: 'cost more than a moment',
  seconds: 4,
  account: { points: 100 },
  async run(context) {
    const { key, collection } = context.account;
    const points = `/v1/collections/${collection}/points`;
    const paths = [
      `/healthz?${'a=1&'.repeat(context.times(PARAMETERS))}`,
      `/healthz?${'a=1&'.repeat(3_500)}`,
      `${points}?${Array.from({ length: 1_800 }, (_, at) => `a${at}=1`).join('&')}`,
      `${points}?${'limit=1&'.repeat(1_800)}`,
      `${points}?${'a.'.repeat(7_000)}=1`,
      `${points}?${'%25'.repeat(5_000)}`,
      `${points}/${'%00'.repeat(5_000)}`,
      `/${'a/'.repeat(7_000)}`,
      `/${'../'.repeat(5_000)}etc/passwd`,
      `/v1/collections/${'x'.repeat(15_000)}/points`,
    ];
    await context.many(context.times(ROUNDS) * paths.length, 8, (at) =>
      context.ask({ path: paths[at % paths.length], key }),
    );
  },
};
