import { priority } from '../../wire/http2.mjs';

export default {
  sends: 'PRIORITY frames for 20 s, each for another stream that depends on another',
  mustNot: 'hold the event loop up, or be remembered',
  overTls: true,
  seconds: 20,
  async run(context) {
    let stream = 1;
    await context.flood(4, () => {
      stream = (stream + 2) % 0x3fffffff;
      return priority(stream, stream > 2 ? stream - 2 : 0, stream % 256);
    });
  },
};
