//! Behaviour of approvals.
