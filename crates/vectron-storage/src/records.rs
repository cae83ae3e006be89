//! The framing of manifests and write-ahead logs (the LevelDB log format): blocks of 32 KiB, records of a masked CRC32c
//! u32, a length u16 and a type u8 before the payload; a record that spans blocks comes in pieces.
//!
//! Read here before RocksDB is let near a file: of a manifest that is damaged in some ways, its reader never comes back.

use std::path::Path;

const BLOCK: usize = 32 << 10;
const HEADER: usize = 7;
const FULL: u8 = 1;
const FIRST: u8 = 2;
const MIDDLE: u8 = 3;
const LAST: u8 = 4;
/// The same four, with the number of the file (u32) in the header.
const RECYCLABLE: std::ops::RangeInclusive<u8> = 5..=8;

/// The records of a file up to its end, or to the record that was being written when its writer stopped. `Err`: where
/// what is there is not what was written.
pub fn read(bytes: &[u8]) -> Result<Vec<Vec<u8>>, usize> {
    let mut records = Vec::new();
    let mut partial: Option<Vec<u8>> = None;
    let mut at = 0;
    while at < bytes.len() {
        let left = BLOCK - at % BLOCK;
        if left < HEADER {
            at += left;
            continue;
        }
        // A header that the end cuts off, or space that was reserved and never written.
        let Some(header) = bytes.get(at..at + HEADER) else { break };
        if header.iter().all(|byte| *byte == 0) {
            if bytes[at..].iter().all(|byte| *byte == 0) {
                break;
            }
            return Err(at);
        }
        let sum = u32::from_le_bytes([header[0], header[1], header[2], header[3]]);
        let length = usize::from(u16::from_le_bytes([header[4], header[5]]));
        // Pebble's write-ahead logs name their file in each record.
        let recyclable = RECYCLABLE.contains(&header[6]);
        // Pebble ends a log so: a record of nothing, without a checksum.
        if recyclable && sum == 0 && length == 0 {
            break;
        }
        let header_length = if recyclable { HEADER + 4 } else { HEADER };
        if header_length + length > left {
            return Err(at);
        }
        let Some(summed) = bytes.get(at + HEADER - 1..at + header_length + length) else { break };
        if unmasked(sum) != crc32c::crc32c(summed) {
            return Err(at);
        }
        let payload = &summed[header_length - HEADER + 1..];
        let kind = if recyclable { header[6] - RECYCLABLE.start() + FULL } else { header[6] };
        match (kind, partial.take()) {
            (FULL, None) => records.push(payload.to_vec()),
            (FIRST, None) => partial = Some(payload.to_vec()),
            (MIDDLE, Some(mut whole)) => {
                whole.extend_from_slice(payload);
                partial = Some(whole);
            }
            (LAST, Some(mut whole)) => {
                whole.extend_from_slice(payload);
                records.push(whole);
            }
            (FULL | FIRST | MIDDLE | LAST, _) => return Err(at),
            // Of no meaning here, and sound.
            (_, pieces) => partial = pieces,
        }
        at += header_length + length;
    }
    Ok(records)
}

/// The records as a file.
pub fn write(records: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for record in records {
        let mut rest = record.as_slice();
        let mut begun = false;
        loop {
            let left = BLOCK - bytes.len() % BLOCK;
            if left < HEADER {
                bytes.resize(bytes.len() + left, 0);
                continue;
            }
            let (piece, after) = rest.split_at(rest.len().min(left - HEADER));
            let kind = match (begun, after.is_empty()) {
                (false, true) => FULL,
                (false, false) => FIRST,
                (true, false) => MIDDLE,
                (true, true) => LAST,
            };
            let sum = masked(crc32c::crc32c_append(crc32c::crc32c(&[kind]), piece));
            bytes.extend_from_slice(&sum.to_le_bytes());
            bytes.extend_from_slice(&(piece.len() as u16).to_le_bytes());
            bytes.push(kind);
            bytes.extend_from_slice(piece);
            rest = after;
            begun = true;
            if rest.is_empty() {
                break;
            }
        }
    }
    bytes
}

/// Whether the manifest that counts, and every write-ahead log, can be read to its end.
pub fn are_sound(dir: &Path) -> std::io::Result<bool> {
    let current = std::fs::read_to_string(dir.join("CURRENT")).unwrap_or_default();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let counts = name == current.trim_end() || name.ends_with(".log");
        if counts && read(&std::fs::read(&path)?).is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// See LevelDB's doc/log_format.md: a checksum of data with checksums in it is rotated and shifted.
fn masked(sum: u32) -> u32 {
    sum.rotate_right(15).wrapping_add(0xa282_ead8)
}

fn unmasked(sum: u32) -> u32 {
    sum.wrapping_sub(0xa282_ead8).rotate_left(15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_any_length_come_back_and_no_flipped_bit_goes_unnoticed() {
        let lengths = [0, 1, BLOCK - HEADER, BLOCK - HEADER - 3, BLOCK, 3 * BLOCK + 17, 5];
        let records: Vec<Vec<u8>> = lengths.iter().map(|length| vec![7; *length]).collect();
        let bytes = write(&records);
        assert_eq!(read(&bytes), Ok(records.clone()));
        for at in (0..bytes.len()).step_by(101) {
            let mut wrong = bytes.clone();
            wrong[at] ^= 1 << (at % 8);
            // The filling at the end of a block is nobody's.
            assert!(read(&wrong).is_err() || read(&wrong) == Ok(records.clone()), "a flipped bit at {at}");
        }
        for end in 0..bytes.len().min(4096) {
            assert!(read(&bytes[..end]).is_ok(), "a torn end is no damage");
        }
    }
}
