import { flagsOf, held, onConnections, report, written } from './attacker.mjs';

/**
 * Many requests in one write, none of which waits for an answer:
 *
 *   node test/security/attackers/pipelined.mjs --port 8080 --connections 10 --requests 2000 --path /healthz
 */
const flags = flagsOf({ connections: 10, requests: 2_000, path: '/healthz', verb: 'GET' });
const bytes = Buffer.from(`${flags.verb} ${flags.path} HTTP/1.1\r\nhost: x\r\n\r\n`.repeat(flags.requests));

report(
  await onConnections(flags, async (socket, over) => {
    if (!(await written(socket, bytes))) return 0;
    await held(socket, over);
    return flags.requests;
  }),
);
