//! Which instruction set the kernels use: the best one of the CPU, or the one a test asked for.

use std::sync::atomic::{AtomicU8, Ordering};

/// Implementations, slowest first. All of them give bit-identical results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Isa {
    Scalar = 1,
    /// AVX2, FMA, F16C and POPCNT.
    Avx2 = 2,
    /// AVX-512 F, BW, VL and VNNI.
    Avx512 = 3,
    /// 64-bit ARM.
    Neon = 4,
}

impl Isa {
    pub const ALL: [Isa; 4] = [Isa::Scalar, Isa::Avx2, Isa::Avx512, Isa::Neon];

    pub fn name(self) -> &'static str {
        match self {
            Isa::Scalar => "scalar",
            Isa::Avx2 => "avx2+fma",
            Isa::Avx512 => "avx512+vnni",
            Isa::Neon => "neon",
        }
    }

    /// Whether this CPU and this build have it.
    pub fn is_available(self) -> bool {
        match self {
            Isa::Scalar => true,
            #[cfg(all(target_arch = "x86_64", not(miri)))]
            Isa::Avx2 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("fma")
                    && is_x86_feature_detected!("f16c")
                    && is_x86_feature_detected!("popcnt")
            }
            #[cfg(all(target_arch = "x86_64", not(miri)))]
            Isa::Avx512 => {
                Isa::Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(all(target_arch = "aarch64", not(miri)))]
            Isa::Neon => true,
            #[allow(unreachable_patterns)]
            _ => false,
        }
    }
}

/// 0: not decided yet.
static CHOSEN: AtomicU8 = AtomicU8::new(0);

/// The implementation in use. One relaxed load after the first call.
#[inline]
pub fn isa() -> Isa {
    match CHOSEN.load(Ordering::Relaxed) {
        1 => Isa::Scalar,
        2 => Isa::Avx2,
        3 => Isa::Avx512,
        4 => Isa::Neon,
        _ => decide(),
    }
}

#[cold]
fn decide() -> Isa {
    let best = Isa::ALL.into_iter().rev().find(|isa| isa.is_available()).unwrap_or(Isa::Scalar);
    CHOSEN.store(best as u8, Ordering::Relaxed);
    best
}

/// Makes the whole process use `isa`, for tests and benches that compare implementations. `false`, and no
/// change, when this CPU lacks it. Answers do not change with it, only their speed.
pub fn use_isa(isa: Isa) -> bool {
    let available = isa.is_available();
    if available {
        CHOSEN.store(isa as u8, Ordering::Relaxed);
    }
    available
}
