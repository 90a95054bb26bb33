//! What must hold against an adversary: services that hang, processes and people that act at the worst moment.

mod hanging;
mod races;
mod serve;
mod two_processes;
