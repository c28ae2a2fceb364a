//! The governed declarations as written: parse, locate, name by digest.
