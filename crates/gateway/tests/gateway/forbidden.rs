//! What must not compile: the order decide, record, lend, send is a demand of the types.

#[test]
fn what_would_skip_a_step_does_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/forbidden/*.rs");
}
