//! What holds for people and the fiscal year.
