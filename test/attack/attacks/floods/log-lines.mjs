import { request } from '../../wire/http1.mjs';

export default {
  sends:
    'whatever a server may think worth a line: heads that are none, broken JSON, aborts in the middle, odd encodings',
  mustNot: 'write a line for each to the log',
  seconds: 5,
  account: { points: 100 },
  most: { log: 64 << 10, disk: 24 << 20 },
  async run(context) {
    const { key, collection } = context.account;
    const path = `/v1/collections/${collection}/points`;
    const odd = [
      Buffer.from('GET /\u0000 HTTP/1.1\r\n\r\n'),
      Buffer.from('GET / HTTP/1.1\r\nhost\r\n\r\n'),
      request({ method: 'POST', path, key, body: '{"points":' }),
      request({ method: 'POST', path, key, body: Buffer.from([0xff, 0xfe, 0xfd]) }),
      request({ method: 'POST', path, key, body: '{}', headers: { 'content-encoding': 'gzip' } }),
      request({ method: 'POST', path, key, body: '{}', headers: { 'content-type': 'text/xml' } }),
      request({ method: 'POST', path, key, body: '{}', headers: { 'content-length': '100' } }),
      request({ method: 'POST', path: `${path}/search`, key, body: { vector: Array(8).fill(1e39) } }),
      request({ path: `/v1/collections/%1b[31m${'%0a'.repeat(50)}/points`, key }),
      request({ path: '/v1/collections?cursor=%00', key }),
    ];
    await context.again(16, async (at) => {
      const line = await context.open();
      if (line === undefined) return context.pause(20);
      context.sent += 1;
      await line.send(odd[at % odd.length]);
      if (at % 3 !== 0) await context.answer(line, 200);
      line.reset();
    });
  },
};
