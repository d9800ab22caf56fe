//! Everything that needs no network: names, filters, tokens and whole sign-ins with a provider in memory.
