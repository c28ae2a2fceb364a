//! The governor from outside: real logs, stores and sockets in temporary folders, and a clock
//! that is moved by hand.

mod acts;
mod admin;
mod common;
mod refused;
mod store;
mod tree;
mod trouble;
