//! What must hold of a queue on a real disk, and against simulated faults.

mod damage;
mod faults;
mod harness;
mod invariants;
mod model;
mod sim;
