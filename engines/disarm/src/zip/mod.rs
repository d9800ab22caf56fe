//! The strict ZIP container: a reader that accepts one reading only, and a writer of fresh archives.
