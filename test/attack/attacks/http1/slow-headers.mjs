import { request } from '../../wire/http1.mjs';

const CONNECTIONS = 500;
const EVERY_MS = 500;

export default {
  sends: '500 connections that send the head of a request a byte at a time',
  mustNot: 'keep others from connecting',
  overTls: true,
  seconds: 8,
  async run(context) {
    const head = request({ headers: { 'x-slow': 'x'.repeat(500) } });
    await context.many(context.times(CONNECTIONS), context.times(CONNECTIONS), async () => {
      const line = await context.open();
      if (line === undefined) return;
      context.sent += 1;
      for (let at = 0; !context.over && at < head.length && line.write(head.subarray(at, at + 1)); at += 1) {
        await Promise.race([line.gone, context.pause(EVERY_MS)]);
      }
      await context.answer(line, 1);
    });
  },
};
