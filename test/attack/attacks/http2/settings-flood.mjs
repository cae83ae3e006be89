import { settings } from '../../wire/http2.mjs';

export default {
  sends: 'SETTINGS frames as fast as they are taken, each of which asks for an answer',
  mustNot: 'pile the answers up',
  seconds: 4,
  async run(context) {
    const values = ['initialWindow', 'maxFrame', 'tableSize'];
    let at = 0;
    await context.flood(2, () => {
      at += 1;
      return at % 8 === 0 ? settings() : settings({ [values[at % values.length]]: 16_384 + (at % 1_000) });
    });
  },
};
