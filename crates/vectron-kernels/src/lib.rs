//! Distances over `f32`, `f16`, int8 and bit codes, and the memory they are read from: slices and rows in,
//! numbers out.
//!
//! Every function picks its implementation at run time (scalar, AVX2+FMA, AVX-512 with VNNI, NEON), so one
//! binary runs on every machine. **All implementations return the same bits**: integer sums are exact, and float
//! sums have one fixed order of lanes, so replicas on different CPUs give the same answer. This is the one crate
//! of the index that names `core::arch` or uses `unsafe`. It is not a linear algebra library: it has what the
//! index calls and nothing else.

mod arena;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod bits;
mod float;
mod int8;
mod isa;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;

pub use arena::{Arena, MAX_ROWS};
pub use bits::{BitCodec, BitQuery};
pub use float::{dot, dot_f16, f16_row, l2_squared, l2_squared_f16, normalize};
pub use float::{dot_f16_rows, dot_rows, l2_squared_f16_rows, l2_squared_rows};
pub use half::f16;
pub use int8::{Distance, Int8Codec, Int8Query};
pub use isa::{Isa, isa, use_isa};

/// Name of the implementation the running CPU gets; shown in worker status and by the benches.
pub fn instruction_set() -> &'static str {
    isa().name()
}

/// Calls `$name` of the chosen implementation. The caller checks lengths first.
macro_rules! dispatch {
    ($name:ident($($arg:expr),*)) => {
        match $crate::isa::isa() {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `isa` is AVX-512 only where the CPU has it; the caller checked the lengths.
            $crate::isa::Isa::Avx512 => unsafe { $crate::avx512::$name($($arg),*) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `isa` is AVX2 only where the CPU has it; the caller checked the lengths.
            $crate::isa::Isa::Avx2 => unsafe { $crate::avx2::$name($($arg),*) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: every 64-bit ARM has NEON; the caller checked the lengths.
            $crate::isa::Isa::Neon => unsafe { $crate::neon::$name($($arg),*) },
            _ => $crate::scalar::$name($($arg),*),
        }
    };
}
use dispatch;

/// Asks the CPU to fetch `bytes` bytes from `start` into the cache. Any address is allowed: no effect on any
/// result.
#[inline]
fn prefetch(start: *const u8, bytes: usize) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    for line in (0..bytes).step_by(64) {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch never faults, whatever the address; SSE is part of x86-64.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(line).cast()) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = (start, bytes);
}

/// The little-endian float that begins at byte `at` of a row.
#[inline]
fn float_at(bytes: &[u8], at: usize) -> f32 {
    f32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests;
