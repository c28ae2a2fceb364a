//! Who we vouch for: the embedded trust domain and its token service.
