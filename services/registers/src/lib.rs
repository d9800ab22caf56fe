//! The registers of the policy.
