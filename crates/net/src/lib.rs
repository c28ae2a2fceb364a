//! The one bounded outbound HTTP client.
