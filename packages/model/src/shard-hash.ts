const MASK = 0xffff_ffff_ffff_ffffn;

/**
 * fmix64(FNV-1a 64 of the id's UTF-8 bytes): which shard owns an id. Raw FNV-1a has weak high bits, and shards
 * own ranges of them. The core computes the same (crates/vectron-shard/src/hash.rs);
 * test/conformance/vectors/shard-hash.txt holds both to it.
 */
export function shardHash(id: string): bigint {
  // FNV-1a in 32-bit halves: BigInt multiplication for each byte would dominate an upsert.
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (const byte of Buffer.from(id, 'utf8')) {
    low = (low ^ byte) >>> 0;
    // Times 2^40 + 0x1b3, modulo 2^64.
    const product = low * 0x1b3;
    const carry = Math.floor(product / 0x1_0000_0000);
    high = (Math.imul(high, 0x1b3) + carry + (low << 8)) >>> 0;
    low = product >>> 0;
  }
  return fmix64((BigInt(high) << 32n) | BigInt(low));
}

function fmix64(value: bigint): bigint {
  let h = value;
  h ^= h >> 33n;
  h = (h * 0xff51_afd7_ed55_8ccdn) & MASK;
  h ^= h >> 33n;
  h = (h * 0xc4ce_b9fe_1a85_ec53n) & MASK;
  return h ^ (h >> 33n);
}
