//! Tests of reading and splicing.
