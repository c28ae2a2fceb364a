//! The sealed store, and secrets lent for one recorded call.
