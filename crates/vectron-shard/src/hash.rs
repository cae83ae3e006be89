//! FNV-1a 64 over the UTF-8 bytes of an id, finished with fmix64 of MurmurHash3. Raw FNV-1a has weak high
//! bits for ids that differ at the end, and shards own ranges of the high bits. The gateway computes the
//! same function; `test/conformance/vectors/shard-hash.json` holds both to it.

pub fn routing_hash(id: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for byte in id.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    fmix64(hash)
}

/// Hash for the level of a node. Mixed once more, because a shard owns a range of [`routing_hash`]: levels
/// taken from it directly would be biased within the shard.
pub fn level_hash(id: &str) -> u64 {
    fmix64(routing_hash(id) ^ 0x9e37_79b9_7f4a_7c15)
}

fn fmix64(mut h: u64) -> u64 {
    h ^= h >> 33;
    h = h.wrapping_mul(0xff51_afd7_ed55_8ccd);
    h ^= h >> 33;
    h = h.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    h ^ (h >> 33)
}
