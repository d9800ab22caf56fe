//! Tests of old workbooks.
