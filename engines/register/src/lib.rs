//! Registers (台帳) as data.

pub mod book;
pub mod era;
mod text;

pub use text::{Lang, Text};
