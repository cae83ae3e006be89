import { request } from '../../wire/http1.mjs';

const ROUNDS = 50;

export default {
  sends: 'CONNECT, TRACE, unknown methods, Expect headers and upgrades to protocols that are not there, then resets',
  mustNot: 'end the process: each has an event of its own in Node',
  overTls: true,
  async run(context) {
    const odd = [
      { method: 'CONNECT', path: '127.0.0.1:22' },
      { method: 'CONNECT', path: '/v1/collections' },
      { method: 'TRACE', path: '/' },
      { method: 'OPTIONS', path: '*' },
      { method: 'PROPFIND', path: '/' },
      { method: 'NONSENSE', path: '/' },
      { method: 'POST', path: '/v1/users/login', headers: { expect: '100-continue' }, body: '{}' },
      { method: 'POST', path: '/v1/users/login', headers: { expect: 'the-unexpected' }, body: '{}' },
      { method: 'POST', path: '/v1/users/login', headers: { connection: 'upgrade', upgrade: 'websocket' }, body: '{}' },
      { method: 'GET', path: 'http://elsewhere.example/healthz' },
    ];
    await context.many(context.times(ROUNDS) * odd.length, 16, async (at) => {
      const line = await context.open();
      if (line === undefined) return;
      context.sent += 1;
      await line.send(request(odd[at % odd.length]));
      if (at % 3 !== 0) await context.answer(line, 1_000);
      line.reset();
    });
  },
};
