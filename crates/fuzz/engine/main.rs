//! libFuzzer around one target, whose name stands in `PORTREEVE_FUZZ_TARGET`. It knows no parser.
#![no_main]

use std::sync::OnceLock;

use fuzz::Target;
use libfuzzer_sys::fuzz_target;

static TARGET: OnceLock<&Target> = OnceLock::new();

/// The target that was asked for.
fn target() -> &'static Target {
    TARGET.get_or_init(|| {
        let name = std::env::var("PORTREEVE_FUZZ_TARGET").unwrap_or_default();
        fuzz::target(&name).unwrap_or_else(|| panic!("there is no target `{name}`"))
    })
}

fuzz_target!(|bytes: &[u8]| (target().check)(bytes));
