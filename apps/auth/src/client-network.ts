import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The part of an IPv6 address that a provider gives to one customer, who chooses the rest. */
const IPV6_PARTS = 4;

/**
 * Who a client's IP address stands for when attempts are counted: an IPv4 address (also one mapped into IPv6), or the /64
 * network of an IPv6 address. Empty for what is no address, so that all such clients are counted together.
 */
export function clientNetwork(address: string): string {
  if (isIP(address) === 0) return '';
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  return `${parsed.parts
    .slice(0, IPV6_PARTS)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}
