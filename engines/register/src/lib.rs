//! Registers (台帳) as data.
