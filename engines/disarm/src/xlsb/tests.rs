//! Tests of binary workbooks in packages.
