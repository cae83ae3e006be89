import { callHeaders, FLAG, flagsOf, frame, held, onConnections, preface, report, TYPE, written } from './attacker.mjs';

/**
 * Opens calls that never end, and keeps them:
 *
 *   node test/security/attackers/open-streams.mjs --port 8081 --connections 6 --streams 100000 --seconds 20
 *
 * With --bytes each call announces a message of 4 MiB and sends so much of it.
 */
const flags = flagsOf({
  connections: 6,
  streams: 100_000,
  bytes: 0,
  path: '/vectron.v1.VectronService/Search',
  token: '',
});
const BATCH = 500;
const block = callHeaders(flags.path, flags.token === '' ? {} : { authorization: `Bearer ${flags.token}` });
const message = Buffer.concat([Buffer.from([0, 0, 0x40, 0, 0]), Buffer.alloc(Math.max(0, flags.bytes))]);

report(
  await onConnections(flags, async (socket, over) => {
    let sent = 0;
    await written(socket, preface());
    for (let id = 1; sent < flags.streams && !over(); ) {
      const batch = [];
      for (let at = 0; at < BATCH; at++, id += 2) {
        batch.push(frame(TYPE.headers, FLAG.endHeaders, id, block));
        if (flags.bytes > 0) batch.push(frame(TYPE.data, FLAG.none, id, message));
      }
      if (!(await written(socket, Buffer.concat(batch)))) return sent;
      sent += BATCH;
      await new Promise(setImmediate);
    }
    await held(socket, over);
    return sent;
  }),
);
