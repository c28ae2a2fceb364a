//! Cedar policy sets: compile, test, decide, explain. Mints Permit.
