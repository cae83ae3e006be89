import { chunk, request } from '../../wire/http1.mjs';

const CHUNKS = 200_000;
const ROUNDS = 4;

export default {
  sends: 'bodies of one-byte chunks, chunk extensions without end, trailers, lengths that lie, two lengths at once',
  mustNot: 'pass for another request, or cost more than their bytes',
  seconds: 6,
  async run(context) {
    const chunked = { 'transfer-encoding': 'chunked' };
    const head = (headers) => request({ method: 'POST', path: '/v1/users/login', headers, body: '' });
    const of = (bytes) => Buffer.concat([head(chunked), Buffer.from(bytes)]);
    const count = context.times(CHUNKS);
    const requests = [
      of('1\r\n \r\n'.repeat(count)),
      of(`1;${'x=y;'.repeat(count)}\r\n \r\n0\r\n\r\n`),
      of(`0\r\n${'x-trailer: y\r\n'.repeat(count)}\r\n`),
      of('ffffffffffffffff\r\n{}'),
      of('-1\r\n{}\r\n0\r\n\r\n'),
      of('0x2\r\n{}\r\n0\r\n\r\n'),
      of(`${'0'.repeat(count)}2\r\n{}\r\n0\r\n\r\n`),
      of('2\n{}\n0\n\n'),
      Buffer.concat([head({ ...chunked, 'content-length': '4' }), chunk('{}'), Buffer.from('0\r\n\r\n')]),
      Buffer.concat([head({ 'transfer-encoding': 'gzip, chunked' }), chunk('{}'), Buffer.from('0\r\n\r\n')]),
      Buffer.concat([head({ 'transfer-encoding': 'chunked, identity' }), chunk('{}'), Buffer.from('0\r\n\r\n')]),
      head({ 'content-length': '-1' }),
      head({ 'content-length': '99999999999999999999' }),
      head({ 'content-length': '2, 2' }),
    ];
    await context.many(ROUNDS * requests.length, 8, (at) =>
      context.ask(requests[at % requests.length], { waitMs: 1_000 }),
    );
  },
};
