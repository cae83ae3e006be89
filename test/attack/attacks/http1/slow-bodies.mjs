import { request } from '../../wire/http1.mjs';

const CONNECTIONS = 180;
const CLAIMED_BYTES = 1 << 20;
const EVERY_MS = 250;

/** Room for a request is taken when it has arrived, or these would take all there is. */
export default {
  sends: '180 connections with a key, and 60 without, that send a body a byte at a time',
  mustNot: 'keep other tenants from writing, searching or logging in',
  overTls: true,
  seconds: 8,
  account: { points: 100 },
  async run(context) {
    const { key, collection } = context.account;
    const keyed = [`/v1/collections/${collection}/points`, `/v1/collections/${collection}/points/search`];
    const open = ['/v1/users/login', '/v1/users/register', '/v1/auth/refresh'];
    const headers = { 'content-length': String(CLAIMED_BYTES) };
    const count = context.times(CONNECTIONS);
    await context.many(count + Math.ceil(count / 3), 2 * count, async (at) => {
      const line = await context.open();
      if (line === undefined) return;
      context.sent += 1;
      const [paths, shown] = at < count ? [keyed, key] : [open, undefined];
      await line.send(request({ method: 'POST', path: paths[at % paths.length], key: shown, headers, body: '{' }));
      while (!context.over && line.write(' ')) await Promise.race([line.gone, context.pause(EVERY_MS)]);
      await context.answer(line, 1);
    });
  },
};
