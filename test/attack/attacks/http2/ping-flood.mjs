import { ping } from '../../wire/http2.mjs';

export default {
  sends: 'PING frames as fast as they are taken, answers unread',
  mustNot: 'pile the answers up',
  seconds: 4,
  async run(context) {
    await context.flood(2, ping);
  },
};
