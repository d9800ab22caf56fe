//! Documents of the policy.
