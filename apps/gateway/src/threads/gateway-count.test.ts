import { describe, expect, it } from '@jest/globals';
import { gatewayKnobs } from '../config.js';
import { gatewayCount } from './gateway-count.js';

const countOf = (flags: Record<string, string>, cores = 16, platform: NodeJS.Platform = 'linux') =>
  gatewayCount(gatewayKnobs.load({ flags: { pd: 'one:1', auth: 'two:2', ...flags }, env: {} }), cores, platform);

describe('how many gateways a process runs', () => {
  it('by itself: half as many as it has cores, but one on up to three, and sixteen at most', () => {
    const auto = [1, 2, 3, 4, 5, 8, 16, 32, 64, 256].map((cores) => countOf({}, cores));
    expect(auto).toEqual([1, 1, 1, 2, 2, 4, 8, 16, 16, 16]);
  });

  it('as many as it is told, however many cores there are', () => {
    expect(['1', '2', '16'].map((gateways) => countOf({ gateways }, 1))).toEqual([1, 2, 16]);
  });

  it.each(['0', '-1', '1.5', '65', '1000', '', 'all', '1e1', '0x2', ' 2'])('not %j', (gateways) => {
    expect(() => countOf({ gateways })).toThrow(/--gateways: must be auto/);
  });

  it('no more than what is limited for all of them together is enough for', () => {
    expect(() => countOf({ gateways: '4', 'max-reads': '3' })).toThrow(/with --max-reads: it must be at most 3/);
    expect(() => countOf({ gateways: '4', 'max-writes': '2' })).toThrow(/with --max-writes: it must be at most 2/);
    expect(countOf({ 'max-reads': '3' }, 64)).toBe(3);
    // Memory for bodies is for whoever receives some.
    expect(countOf({ gateways: '16', 'max-receiving': '1MiB' })).toBe(16);
  });

  it('one on Windows, which hands no connection from thread to thread', () => {
    expect(countOf({}, 64, 'win32')).toBe(1);
    expect(countOf({ gateways: '1' }, 64, 'win32')).toBe(1);
    expect(() => countOf({ gateways: '2' }, 64, 'win32')).toThrow(/on Windows a process can only run one gateway/);
  });
});
