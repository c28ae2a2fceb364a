//! What looks like a secret and what charters really hold.

use super::*;

/// Keys are put together here, so that no scanner takes this file for a leak.
fn key(prefix: &str, rest: &str) -> String {
    format!("{prefix}{rest}")
}

const RANDOM: &str = "f3K9xQ2mZ7pL1vR8tB4nW6yH0cJ5sD2a";

#[test]
fn what_vendors_call_a_key_is_a_secret() {
    for secret in [
        key("sk-", "proj-A1b2C3d4E5f6G7h8I9j0"),
        key("sk-", "ant-api03-AbCdEfGhIjKlMnOpQrSt"),
        key("ghp_", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6"),
        key("AKIA", "IOSFODNN7EXAMPLE"),
        key("xoxb-", "123456789012-1234567890123"),
        key("eyJhbGciOi", "JFUzI1NiIsInR5cCI6IkpXVCJ9"),
        key("-----BEGIN ", "OPENSSH PRIVATE KEY-----"),
        format!("the key is {}, use it", key("sk-", "proj-A1b2C3d4E5f6G7h8I9j0")),
        format!("https://{}@a.example", key("sk-", "proj-A1b2C3d4E5f6G7h8I9j0")),
        RANDOM.to_owned(),
        format!("{RANDOM}+/=="),
        format!("x={RANDOM}"),
        "0123456789abcdef0123456789abcdef".to_owned(),
    ] {
        assert!(looks_secret(&secret), "missed one of {} characters", secret.len());
    }
}

#[test]
fn what_charters_really_hold_is_none() {
    for harmless in [
        "",
        "sk-",
        "sk-slovak-support-assistant-agent",
        "demo-key",
        "claude-sonnet-4-5-20250929",
        "meta-llama/Meta-Llama-3.1-405B-Instruct-Turbo",
        "accounts/fireworks/models/llama-v3p1-405b-instruct",
        "ft:gpt-4o-mini-2024-07-18:lakeside:support:AbCd1234",
        "anthropic.claude-3-5-sonnet-20241022-v2:0",
        "https://my-resource-name-in-europe.openai.azure.com/openai/v1",
        "Predicts from past sales what to reorder, and writes a proposal each night.",
        "supercalifragilisticexpialidocious-donaudampfschifffahrt",
        "a-very-long-name-of-a-team-that-has-many-words-2026-and-a-year",
        "ada.lindqvist+charter@lakeside-books-and-stationery.example",
        "123456789012345678901234567890123456",
        "00000000-0000-0000-0000-000000000000",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ] {
        assert!(!looks_secret(harmless), "{harmless}");
    }
}

#[test]
fn a_public_key_is_no_secret() {
    let line = format!("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{RANDOM} ada");
    assert!(!is_secret(&Scalar { text: line.clone(), plain: true }));
    assert!(is_secret(&Scalar { text: line.replace("ssh-ed25519", "key:"), plain: true }));
}

#[test]
fn comments_and_policies_are_searched_too() {
    let text = format!("a: 1\n# é {}\n", key("sk-", "proj-A1b2C3d4E5f6G7h8I9j0"));
    let problems = in_text("f.cedar", &text);
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].place, model::Place::at("f.cedar", 2, 5));
    assert!(!problems[0].to_string().contains("A1b2"));
    // Digests are public, and pages cite them.
    assert_eq!(in_text("README.md", &model::Digest::of(b"x").to_string()), []);
}
