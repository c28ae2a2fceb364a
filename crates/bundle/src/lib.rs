//! A charter checked and compiled, and the snapshot a request runs under.
