import { chunk, request } from '../../wire/http1.mjs';

const BYTES = 32 << 20;
const PART = 256 << 10;
const ROUTES = [
  '/v1/users/login',
  '/v1/users/register',
  '/v1/auth/refresh',
  '/healthz',
  '/v1/nowhere',
  '/v1/collections',
];

export default {
  sends: '32 MiB of noise to every route that needs no token, with and without its length said before',
  mustNot: 'be kept in memory, or be read to its end',
  overTls: true,
  seconds: 10,
  async run(context) {
    const noise = Buffer.from(Array.from({ length: PART }, () => Math.floor(context.random() * 256)));
    const bytes = context.times(BYTES);
    await context.many(ROUTES.length * 4, 8, async (at) => {
      const chunked = at % 2 === 0;
      const headers = chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(bytes) };
      const path = ROUTES[Math.floor(at / 2) % ROUTES.length];
      const line = await context.open();
      if (line === undefined) return;
      context.sent += 1;
      await line.send(request({ method: 'POST', path, headers, body: '' }));
      for (let sent = 0; sent < bytes && !context.over; sent += PART) {
        if (line.received > 0 || !(await line.send(chunked ? chunk(noise) : noise))) break;
      }
      await context.answer(line);
      line.close();
    });
  },
};
