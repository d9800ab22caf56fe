//! Tests of the definitions, values and conditions, through the public interface.

mod catalogue;
mod condition;
mod definition;
mod sample;
mod sql;
mod values;
