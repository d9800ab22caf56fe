//! Whole journeys of documents in a small city: the real store, approvals and sandbox, a clock of one's own.

mod city;
mod journey;
mod tiers;
