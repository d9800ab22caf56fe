//! The pages and the REST interface against real services in a temporary directory.

mod admin;
mod api;
mod documents;
mod office;
mod registers_api;
mod signing_in;
mod tablet;
mod today;
