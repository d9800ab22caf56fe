//! Approvals (決裁).
