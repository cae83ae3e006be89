//! Rows of equal size that grow without moving: what kernels read while another thread appends.
//!
//! A row has a data part, written once by [`Arena::push`] before the row becomes visible and never again, and
//! a part of atomic words that may change at any time. Readers take no lock. Rows live in buckets that double in
//! size, so an index finds its row with one shift and one add; buckets of 2 MiB and more ask for huge pages,
//! because a graph walk touches a new page with almost every node.

#[cfg(not(miri))]
use memmap2::MmapMut;
use parking_lot::Mutex;
use std::fs::File;
use std::io;
#[cfg(not(miri))]
use std::io::{Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// The first bucket has about this many bytes, and 2^4 to 2^10 rows; bucket `b` has as many rows shifted left by `b`.
const FIRST_BYTES: usize = 1 << 20;
const FIRST_BITS: (u32, u32) = (4, 10);
const BUCKETS: usize = 27;
/// Most rows of an arena.
pub const MAX_ROWS: u32 = (1 << 31) - (1 << FIRST_BITS.1);
const LINE: usize = 64;
#[cfg(all(target_os = "linux", not(miri)))]
const HUGE_PAGE: usize = 2 << 20;

/// Where rows live.
enum Backing {
    Memory,
    /// A file that this arena owns and that nobody else writes or truncates.
    #[cfg_attr(miri, allow(dead_code))]
    File(File),
}

struct Buckets {
    backing: Backing,
    /// Keeps the memory alive; `Arena::buckets` points into it.
    mapped: Vec<Region>,
}

#[cfg(not(miri))]
type Region = MmapMut;

/// Zeroed, cache-line aligned memory, for the interpreter, which has no `mmap`. Not a `Box`: moving one says that nobody
/// else has a pointer to it.
#[cfg(miri)]
struct Region {
    start: *mut u8,
    layout: std::alloc::Layout,
}

#[cfg(miri)]
// SAFETY: as memory of an arena, it is written by one thread at a time and read when it is not written.
unsafe impl Send for Region {}

#[cfg(miri)]
impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout in `Arena::map`.
        unsafe { std::alloc::dealloc(self.start, self.layout) }
    }
}

/// See the module. `Sync`: any number of readers beside any number of pushers (which take turns).
pub struct Arena {
    data_bytes: usize,
    words: usize,
    words_at: usize,
    stride: usize,
    first_bits: u32,
    len: AtomicU32,
    buckets: [AtomicPtr<u8>; BUCKETS],
    owned: Mutex<Buckets>,
}

impl Arena {
    /// In memory. A row: `data_bytes` of data, aligned to a cache line when it is at least one long, and `words`
    /// atomic words, at first 0.
    pub fn new(data_bytes: usize, words: usize) -> Self {
        Self::with_backing(data_bytes, words, Backing::Memory)
    }

    /// Rows of data in `file`, which is emptied, grown as needed and mapped into memory: the system keeps in
    /// memory what is read often. The file must not be written or truncated by anybody else.
    pub fn in_file(data_bytes: usize, file: File) -> io::Result<Self> {
        file.set_len(0)?;
        Ok(Self::with_backing(data_bytes, 0, Backing::File(file)))
    }

    fn with_backing(data_bytes: usize, words: usize, backing: Backing) -> Self {
        let words_at = data_bytes.next_multiple_of(4);
        let bytes = (words_at + words * 4).max(4);
        let stride = bytes.next_multiple_of(if bytes >= LINE { LINE } else { 4 });
        Self {
            data_bytes,
            words,
            words_at,
            stride,
            first_bits: (FIRST_BYTES / stride).max(1).ilog2().clamp(FIRST_BITS.0, FIRST_BITS.1),
            len: AtomicU32::new(0),
            buckets: std::array::from_fn(|_| AtomicPtr::new(std::ptr::null_mut())),
            owned: Mutex::new(Buckets { backing, mapped: Vec::new() }),
        }
    }

    /// Rows that are visible.
    #[inline]
    pub fn len(&self) -> u32 {
        self.len.load(Ordering::Acquire)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the data part of a row.
    #[inline]
    pub fn data_bytes(&self) -> usize {
        self.data_bytes
    }

    /// Bytes of one row, padding included.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Bytes of all rows. The memory behind them is taken from the system as rows are written.
    pub fn bytes(&self) -> usize {
        self.len() as usize * self.stride
    }

    /// Appends a row: `fill` writes its data (at first zero), then the row becomes visible with all words 0.
    /// Returns its index. Fails, with nothing changed, when the system gives no memory or disk space.
    ///
    /// # Panics
    /// Beyond [`MAX_ROWS`].
    pub fn push(&self, fill: impl FnOnce(&mut [u8])) -> io::Result<u32> {
        self.push_with(fill, |_| ())
    }

    /// [`Arena::push`], and `set` gives the words their first values before the row becomes visible.
    pub fn push_with(&self, fill: impl FnOnce(&mut [u8]), set: impl FnOnce(&[AtomicU32])) -> io::Result<u32> {
        let mut owned = self.owned.lock();
        let at = self.len.load(Ordering::Relaxed);
        assert!(at < MAX_ROWS, "an arena holds at most {MAX_ROWS} rows");
        let (bucket, _) = self.locate(at);
        if bucket == owned.mapped.len() {
            let rows = 1usize << self.first_bits << bucket;
            let mut region = self.map(&owned.backing, owned.mapped.iter().map(region_bytes).sum(), rows)?;
            self.buckets[bucket].store(region_ptr(&mut region), Ordering::Release);
            owned.mapped.push(region);
        }
        let row = self.row_ptr(at);
        // SAFETY: the row lies in a mapped bucket, is not visible yet, and the lock keeps other pushers out; its
        // data part is `data_bytes` long by construction of `stride`.
        fill(unsafe { std::slice::from_raw_parts_mut(row, self.data_bytes) });
        // SAFETY: as in `words`; the words do not overlap the data.
        set(unsafe { std::slice::from_raw_parts(row.add(self.words_at).cast::<AtomicU32>(), self.words) });
        self.len.store(at + 1, Ordering::Release);
        Ok(at)
    }

    #[cfg(not(miri))]
    fn map(&self, backing: &Backing, offset: usize, rows: usize) -> io::Result<Region> {
        let bytes = rows * self.stride;
        match backing {
            Backing::Memory => {
                let region = MmapMut::map_anon(bytes)?;
                // Advice only: without huge pages everything works, slower.
                #[cfg(target_os = "linux")]
                if bytes >= HUGE_PAGE {
                    let _ = region.advise(memmap2::Advice::HugePage);
                }
                Ok(region)
            }
            Backing::File(file) => {
                // Page-aligned, as a mapping's offset must be.
                let bytes = bytes.next_multiple_of(1 << 16);
                // Written, not only made longer: a full disk must be an error here, not a signal at the first access.
                let mut end = file;
                end.seek(SeekFrom::Start(offset as u64))?;
                std::io::copy(&mut std::io::repeat(0).take(bytes as u64), &mut end)?;
                let mut options = memmap2::MmapOptions::new();
                // SAFETY: the arena owns the file (contract of `in_file`), so it is not truncated under the map.
                let region = unsafe { options.offset(offset as u64).len(bytes).map_mut(file)? };
                #[cfg(unix)]
                let _ = region.advise(memmap2::Advice::Random);
                Ok(region)
            }
        }
    }

    #[cfg(miri)]
    fn map(&self, _backing: &Backing, _offset: usize, rows: usize) -> io::Result<Region> {
        let layout =
            std::alloc::Layout::from_size_align(rows * self.stride, LINE).map_err(io::Error::other)?;
        // SAFETY: rows and stride are not zero.
        let start = unsafe { std::alloc::alloc_zeroed(layout) };
        Ok(Region { start, layout })
    }

    /// `(bucket, place in it)`.
    #[inline(always)]
    fn locate(&self, row: u32) -> (usize, usize) {
        let n = row + (1 << self.first_bits);
        let bucket = n.ilog2() - self.first_bits;
        (bucket as usize, (n - (1 << self.first_bits << bucket)) as usize)
    }

    /// Start of a row that is visible, or about to be in [`Arena::push`].
    #[inline(always)]
    fn row_ptr(&self, row: u32) -> *mut u8 {
        let (bucket, offset) = self.locate(row);
        let base = self.buckets[bucket].load(Ordering::Relaxed);
        // SAFETY: callers pass a row of a mapped bucket, so base + offset * stride is inside it. `Relaxed` is
        // enough: the row's index was read from `len` with Acquire, after the pointer was stored.
        unsafe { base.add(offset * self.stride) }
    }

    /// Address of a row's data for the kernels.
    ///
    /// # Panics
    /// When the row does not exist.
    #[inline(always)]
    pub(crate) fn checked_ptr(&self, row: u32, len: u32) -> *const u8 {
        assert!(row < len, "row {row} of {len}");
        self.row_ptr(row)
    }

    /// The data of a row.
    ///
    /// # Panics
    /// When the row does not exist.
    #[inline]
    pub fn data(&self, row: u32) -> &[u8] {
        let row = self.checked_ptr(row, self.len());
        // SAFETY: the data part of a visible row is never written again, and lives as long as the arena.
        unsafe { std::slice::from_raw_parts(row, self.data_bytes) }
    }

    /// The data of a row as floats in native order; a trailing part of a float is left out.
    ///
    /// # Panics
    /// When the row does not exist.
    #[inline]
    pub fn floats(&self, row: u32) -> &[f32] {
        let row = self.checked_ptr(row, self.len());
        // SAFETY: as in `data`; rows are aligned to at least four bytes, and any bits are a float.
        unsafe { std::slice::from_raw_parts(row.cast::<f32>(), self.data_bytes / 4) }
    }

    /// The atomic words of a row.
    ///
    /// # Panics
    /// When the row does not exist.
    #[inline]
    pub fn words(&self, row: u32) -> &[AtomicU32] {
        let start = self.checked_ptr(row, self.len());
        // SAFETY: the words lie in the row after its data, are only ever accessed as atomics, are aligned to four
        // bytes (stride and words_at are multiples of four), and live as long as the arena.
        unsafe { std::slice::from_raw_parts(start.add(self.words_at).cast::<AtomicU32>(), self.words) }
    }

    /// Asks the CPU to fetch the words of a row. No effect on any result.
    #[inline]
    pub fn prefetch_words(&self, row: u32) {
        let start = self.checked_ptr(row, self.len());
        crate::prefetch(start.wrapping_add(self.words_at), self.words * 4);
    }
}

#[cfg(not(miri))]
fn region_ptr(region: &mut Region) -> *mut u8 {
    region.as_mut_ptr()
}
#[cfg(miri)]
fn region_ptr(region: &mut Region) -> *mut u8 {
    region.start
}
#[cfg(not(miri))]
fn region_bytes(region: &Region) -> usize {
    region.len()
}
#[cfg(miri)]
fn region_bytes(region: &Region) -> usize {
    region.layout.size()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_data_while_the_arena_grows() {
        let arena = Arena::new(5, 2);
        let rows: u32 = if cfg!(miri) { 1100 } else { 5000 };
        for i in 0..rows {
            assert_eq!(arena.push(|data| data[..4].copy_from_slice(&i.to_le_bytes())).unwrap(), i);
            arena.words(i)[1].store(i, Ordering::Relaxed);
        }
        for i in 0..rows {
            assert_eq!(arena.data(i), [&i.to_le_bytes()[..], &[0]].concat());
            assert_eq!((arena.words(i)[0].load(Ordering::Relaxed), arena.words(i).len()), (0, 2));
            assert_eq!(arena.words(i)[1].load(Ordering::Relaxed), i);
        }
        assert_eq!(arena.bytes(), rows as usize * 16);
    }

    #[test]
    #[cfg_attr(miri, ignore = "large")]
    fn long_rows_start_with_few_of_them() {
        let arena = Arena::new(1 << 18, 0);
        for i in 0..100u32 {
            arena.push(|data| data[(1 << 18) - 1] = i as u8).unwrap();
        }
        assert!((0..100).all(|i| arena.data(i)[(1 << 18) - 1] == i as u8));
        assert_eq!(arena.first_bits, 4);
    }

    #[test]
    fn a_row_is_complete_when_it_becomes_visible() {
        let arena = Arena::new(64, 1);
        let rows: u32 = if cfg!(miri) { 50 } else { 20_000 };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for i in 0..rows {
                    arena.push(|data| data.fill(i as u8)).unwrap();
                }
            });
            loop {
                let seen = arena.len();
                if seen > 0 {
                    let last = arena.data(seen - 1);
                    assert!(last.iter().all(|&byte| byte == (seen - 1) as u8));
                }
                if seen == rows {
                    break;
                }
            }
        });
    }

    #[test]
    #[should_panic(expected = "row 1 of 1")]
    fn a_row_that_does_not_exist_is_refused() {
        let arena = Arena::new(8, 0);
        arena.push(|_| ()).unwrap();
        arena.data(1);
    }

    #[test]
    #[cfg_attr(miri, ignore = "no mmap of files")]
    fn rows_in_a_file_read_like_rows_in_memory() {
        let path = std::env::temp_dir().join(format!("vectron-arena-{}", std::process::id()));
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
        let arena = Arena::in_file(12, file).unwrap();
        for i in 0..3000u32 {
            arena.push(|data| data[..4].copy_from_slice(&(i as f32).to_ne_bytes())).unwrap();
        }
        assert_eq!(arena.floats(2999), [2999.0, 0.0, 0.0]);
        std::fs::remove_file(path).unwrap();
    }
}
