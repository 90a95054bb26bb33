//! Random contents for what is written: readable words, never the same twice.
