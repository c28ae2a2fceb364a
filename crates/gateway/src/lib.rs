//! The data plane: listen, admit, record, forward, relay.
