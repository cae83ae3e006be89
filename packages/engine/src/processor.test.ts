import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
// @ts-expect-error a module without types, because it is loaded beside a generated one
import { lackedBy } from '../native/processor.js';

const cpuinfo = (flags: string) => `processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: ${flags}\nbugs\t\t:\n`;

describe('the processor', () => {
  it('is looked at before the native core is loaded', () => {
    const loader = readFileSync(new URL('../native/index.js', import.meta.url), 'utf8');
    const [first] = /^import .*$/m.exec(loader) ?? [];
    expect(first).toBe("import './processor.js'");
  });

  it('is told what it lacks', () => {
    expect(lackedBy(cpuinfo('fpu sse2 ssse3 popcnt pclmulqdq sse4_1 sse4_2 avx2'))).toEqual([]);
    // kvm64 of QEMU.
    expect(lackedBy(cpuinfo('fpu sse sse2 syscall nx lm pni cx16 hypervisor'))).toEqual([
      'SSE4.2',
      'PCLMULQDQ',
      'POPCNT',
    ]);
    expect(lackedBy(cpuinfo('sse4_2x popcnt pclmulqdq'))).toEqual(['SSE4.2']);
    expect(lackedBy('')).toEqual([]);
  });
});
