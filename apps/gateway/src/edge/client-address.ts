import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import proxyAddr from '@fastify/proxy-addr';

/** IP address of a client, from that of its connection and the X-Forwarded-For of its request; empty: not known. */
export type ClientAddressOf = (connection: string, forwarded: string | undefined) => string;

/**
 * Believes X-Forwarded-For as far as trusted proxies wrote it, by the same rule as Fastify does for REST: from the right, the
 * first address that is none of theirs.
 */
export function clientAddresses(trustedProxies: readonly string[]): ClientAddressOf {
  if (trustedProxies.length === 0) return (connection) => connection;
  const isTrusted = proxyAddr.compile([...trustedProxies]);
  return (connection, forwarded) => {
    const request = { headers: { 'x-forwarded-for': forwarded }, socket: { remoteAddress: connection } };
    return proxyAddr(request as unknown as IncomingMessage, isTrusted);
  };
}

/** IP address of who sent a REST request; empty: its connection was reset before anybody had asked for it. */
export const addressOfRequest = ({ ip }: { readonly ip: string | undefined }): string => ip ?? '';

/** The header that tells the auth service where a caller comes from: wrong passwords are counted by it. */
export const clientAddress = (address = '') => ({
  // A proxy may pass on any text.
  'x-vectron-client-address': isIP(address) === 0 ? '' : address,
});
