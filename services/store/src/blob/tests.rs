//! Blob tests follow.
