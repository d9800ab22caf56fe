//! The service on a real store with the real sandbox.

mod city;
mod crash;
mod rules;
