import { frame } from '../../wire/http2.mjs';

export default {
  sends: 'frames of kinds that nobody knows, with payloads',
  mustNot: 'cost more than their bytes',
  seconds: 3,
  async run(context) {
    const payload = Buffer.alloc(64);
    let at = 0;
    await context.flood(2, () => {
      at += 1;
      return frame(16 + (at % 200), at % 256, at % 1_000, payload);
    });
  },
};
