//! Registers (台帳) as data.

pub mod era;
