//! The port to disk for what may be erased: the keys of entries.
//!
//! One random seed a segment of 65,536 positions, one key an entry, derived down a binary tree; destroying a key
//! leaves all others derivable (a puncturable pseudo-random function, Goldreich, Goldwasser and Micali 1986).

pub mod derive;
pub mod file;
pub mod slot;
