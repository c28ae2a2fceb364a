//! Acts from the outside: spelt, signed, verified, and compared with OpenSSH and the vectors.

#![expect(clippy::unwrap_used, reason = "a surprise here is a failing test")]

mod desk;
mod keys;
mod openssh;
mod spelling;
mod vectors;
mod verify;
