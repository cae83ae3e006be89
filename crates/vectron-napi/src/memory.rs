//! What the addon does about memory that was freed.

/// Gives pages that hold nothing back to the system. glibc keeps what a load or a flush has freed, in the middle of its heaps,
/// until somebody asks; other allocators give it back by themselves.
pub fn release() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim has no preconditions and takes the allocator's own locks; `pad` is the bytes that stay at the top.
    unsafe {
        malloc_trim(0);
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
unsafe extern "C" {
    fn malloc_trim(pad: usize) -> i32;
}
