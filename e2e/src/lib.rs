//! Invariants of the whole tree: floors, documentation, licences, where `unsafe` may stand. Nothing here is shipped; the
//! journeys with real browsers, databases and checkers are the scripts beside this file, run by `./test`.

#[cfg(test)]
mod tidy;
