import { SEARCH } from '../../wire/grpc.mjs';

const base64 = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

export default {
  sends: 'API keys and JWTs that are none, each another one, on both wires: no cache of verdicts helps against them',
  mustNot: 'cost a look at the store each, fill the caches, or get in',
  overTls: true,
  seconds: 6,
  account: {},
  most: { disk: 16 << 20, log: 64 << 10 },
  async run(context) {
    const [head, body] = context.account.token.split('.');
    const noise = (length = 43) =>
      Array.from({ length }, () => Math.floor(context.random() * 36).toString(36)).join('');
    const tokens = [
      () => `vk_${noise()}`,
      () => `${context.account.key.slice(0, -4)}${noise(4)}`,
      () => `${head}.${body}.${noise(86)}`,
      () => `${base64({ alg: 'none', typ: 'JWT' })}.${body}.`,
      () => `${base64({ alg: 'HS256', kid: noise(8) })}.${base64({ sub: noise(8), exp: 9e9 })}.${noise(43)}`,
      () => `${base64({ alg: 'EdDSA', kid: noise(8) })}.${body}.${noise(86)}`,
      () => noise(2_000),
    ];
    let at = 0;
    const next = () => tokens[at++ % tokens.length]();
    const overRest = () =>
      context.again(8, async () => {
        await context.ask({ path: '/v1/collections', key: next() });
      });
    let stream = -1;
    const begin = () => {
      stream = -1;
      return Buffer.alloc(0);
    };
    const overGrpc = () =>
      context.flood(
        1,
        () => {
          stream += 2;
          return context.call(SEARCH, Buffer.alloc(0), { key: next(), stream });
        },
        { begin },
      );
    await Promise.all([overRest(), overGrpc()]);
  },
  judge: ({ got }) => (got['200'] ? ['a token that is none was taken'] : []),
};
