import { callHeaders, UPSERT } from '../../wire/grpc.mjs';
import { data, headers } from '../../wire/http2.mjs';

export default {
  sends: 'DATA frames without data on one stream, and padded ones',
  mustNot: 'cost more than their bytes',
  account: { points: 100 },
  seconds: 4,
  async run(context) {
    const begin = () => headers(1, callHeaders(UPSERT, context.account.key));
    const empty = data(1, Buffer.alloc(0));
    const padded = data(1, Buffer.from([3, 0, 0, 0]), 8);
    let at = 0;
    await context.flood(
      2,
      () => {
        at += 1;
        return at % 4 === 0 ? padded : empty;
      },
      { begin },
    );
  },
};
