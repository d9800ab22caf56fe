//! People and the fiscal year.
