//! The control plane: signed acts, changes, the charter store, the admin surface.
