//! File descriptors of connections, which one thread of JavaScript accepts and another one serves. Node cannot hand a socket
//! from thread to thread.

use crate::reason;
use napi::bindgen_prelude::*;
use napi_derive::napi;
use vectron_shard::ErrorCode;

/// A second descriptor of what `fd` is open on, such as a connection; it is closed apart from the first. The caller says that
/// `fd` is open, and that it does not close it before this returns.
#[cfg(unix)]
#[napi(catch_unwind)]
pub fn duplicate_descriptor(fd: i32) -> Result<i32> {
    use std::os::fd::{BorrowedFd, IntoRawFd};
    if fd < 0 {
        return Err(Error::from_reason(reason(
            ErrorCode::InvalidArgument,
            "a file descriptor must not be negative",
        )));
    }
    // SAFETY: `fd` is not -1 (checked above), and open for as long as this runs: JavaScript, which owns it, is in this call.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    match borrowed.try_clone_to_owned() {
        Ok(owned) => Ok(owned.into_raw_fd()),
        Err(error) => Err(Error::from_reason(reason(ErrorCode::Internal, &error.to_string()))),
    }
}

/// Closes a descriptor of [`duplicate_descriptor`] that nobody has taken.
#[cfg(unix)]
#[napi(catch_unwind)]
pub fn close_descriptor(fd: i32) -> Result<()> {
    use std::os::fd::{FromRawFd, OwnedFd};
    if fd < 0 {
        return Err(Error::from_reason(reason(
            ErrorCode::InvalidArgument,
            "a file descriptor must not be negative",
        )));
    }
    // SAFETY: the caller was given `fd` by `duplicate_descriptor`, has handed it to nobody, and gives it up by this call.
    drop(unsafe { OwnedFd::from_raw_fd(fd) });
    Ok(())
}

#[cfg(not(unix))]
fn unsupported<T>() -> Result<T> {
    Err(Error::from_reason(reason(
        ErrorCode::Unimplemented,
        "connections cannot be handed to another thread on this system: use --gateways 1",
    )))
}

/// As on Unix, which this is not: always an error.
#[cfg(not(unix))]
#[napi(catch_unwind)]
pub fn duplicate_descriptor(_fd: i32) -> Result<i32> {
    unsupported()
}

/// As on Unix, which this is not: always an error.
#[cfg(not(unix))]
#[napi(catch_unwind)]
pub fn close_descriptor(_fd: i32) -> Result<()> {
    unsupported()
}
