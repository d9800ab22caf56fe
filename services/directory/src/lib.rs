//! Sign-in against the city's directory.
