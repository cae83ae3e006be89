import { callHeaders, UPSERT } from '../../wire/grpc.mjs';
import { headers, windowUpdate } from '../../wire/http2.mjs';

export default {
  sends: 'WINDOW_UPDATE frames of 1 byte on the connection and on a stream',
  mustNot: 'cost more than their bytes',
  account: { points: 100 },
  seconds: 4,
  async run(context) {
    const begin = () => headers(1, callHeaders(UPSERT, context.account.key));
    let at = 0;
    await context.flood(
      2,
      () => {
        at += 1;
        return windowUpdate(at % 2, 1);
      },
      { begin },
    );
  },
};
