//! The pages and the REST interface against real services in a temporary directory.

mod admin;
mod api;
mod office;
mod signing_in;
mod today;
