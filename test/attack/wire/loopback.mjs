import { BlockList, isIP } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * Throws unless `host` is an address of this machine's loopback. Names are refused as well: what `localhost` stands for is
 * up to a file.
 */
export function requireLoopback(host) {
  const family = isIP(host);
  if (family !== 0 && !host.includes('.') === (family === 6) && LOOPBACK.check(host, `ipv${family}`)) return;
  throw new Error(`${host} is not a loopback address: attacks go to 127.0.0.0/8 and ::1, given as addresses`);
}
