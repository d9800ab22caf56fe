//! Tests of old presentations.
