//! Keys as text, their public halves and their names.

#![expect(clippy::unwrap_used, reason = "a surprise here is a failing test")]

use issuer::{KeyError, PublicKey, SigningKey, jwks};

/// Written by OpenSSL 3.0 for this test; it opens nothing.
const BY_OPENSSL: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgcA4Urg0+j2tInhF+
ucTSBVLCWFQcvxpFWsTJdWAXxrWhRANCAATITQxzz6AaQOEHGSxJPi/LgHEmySj9
L+vpbKBJWK53/4habyIjHYIb5duzQhvZLb0E5qnLViCyCEwys2JE5xHF
-----END PRIVATE KEY-----
";

/// The same for another curve.
const P384: &str = "-----BEGIN PRIVATE KEY-----
MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAxfrVR2P1RqQaXiQUj
tT7MdEN8cODlaSxd276vNIMU9l6RFg2YyK871v6bf2rTy0ehZANiAAS8HsyDPodV
r6XJFY2ClRaa873quf6oEj4YE1RumEQzOmTa0uwOYs4Icdo4GzU5rxIJv3rmo1+2
Uml3Af2U7jVvYd3KUlKMrQ8IwIxseQVPPmHuggb8SOO/VeXwkMAut+k=
-----END PRIVATE KEY-----
";

/// The coordinates of RFC 7517, appendix A.1, and the thumbprint that RFC 7638 gives them.
const X: &str = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
const Y: &str = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";
const THUMBPRINT: &str = "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s";

fn point_of(x: &str, y: &str) -> [u8; 65] {
    use base64::Engine as _;
    let decode = |text| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap();
    [vec![4], decode(x), decode(y)].concat().try_into().unwrap()
}

#[test]
fn a_key_reads_back_as_written() {
    let key = SigningKey::generate().unwrap();
    let text = key.to_pem().unwrap();
    assert!(text.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    assert!(text.ends_with("-----END PRIVATE KEY-----\n"));
    assert!(text.lines().all(|line| line.len() <= 64));
    let again = SigningKey::from_pem(&text).unwrap();
    assert_eq!(again.public_key(), key.public_key());
    assert_ne!(SigningKey::generate().unwrap().public_key(), key.public_key());
}

#[test]
fn keys_that_openssl_wrote_are_read_and_written_alike() {
    let key = SigningKey::from_pem(BY_OPENSSL).unwrap();
    assert_eq!(&key.public_key().point()[..4], [0x04, 0xc8, 0x4d, 0x0c]);
    assert_eq!(*key.to_pem().unwrap(), BY_OPENSSL);
    let windows = BY_OPENSSL.replace('\n', "\r\n");
    assert_eq!(SigningKey::from_pem(&windows).unwrap().public_key(), key.public_key());
}

#[test]
fn texts_that_are_not_one_p256_key_are_refused() {
    let lines: Vec<&str> = BY_OPENSSL.lines().collect();
    let cases = [
        ("nothing", String::new()),
        ("no end", lines[..4].join("\n")),
        ("no beginning", lines[1..].join("\n")),
        ("a line short", [lines[0], lines[1], lines[2], lines[4]].join("\n")),
        ("another label", BY_OPENSSL.replace("PRIVATE", "EC PRIVATE")),
        ("a public key's label", BY_OPENSSL.replace("PRIVATE", "PUBLIC")),
        ("twice", format!("{BY_OPENSSL}{BY_OPENSSL}")),
        ("text before", format!("key:\n{BY_OPENSSL}")),
        ("another private half", BY_OPENSSL.replace("QgcA4U", "QgcA4V")),
        ("another public half", BY_OPENSSL.replace("ITQxz", "ITQxy")),
        ("another curve", P384.to_owned()),
        ("not base64", BY_OPENSSL.replace("MIGH", "M!GH")),
        ("huge", format!("{}{BY_OPENSSL}", "\n".repeat(5000))),
    ];
    for (what, text) in cases {
        assert_eq!(SigningKey::from_pem(&text).unwrap_err(), KeyError::Text, "{what}");
    }
}

#[test]
fn a_keys_id_is_its_thumbprint() {
    let key = PublicKey::from_point(point_of(X, Y)).unwrap();
    assert_eq!(key.kid(), THUMBPRINT);
    let mut off_curve = point_of(X, Y);
    off_curve[64] ^= 1;
    assert_eq!(PublicKey::from_point(off_curve), Err(KeyError::Text));
    assert_eq!(PublicKey::from_point([0; 65]), Err(KeyError::Text));
}

#[test]
fn the_published_set_holds_each_key_and_no_private_member() {
    let key = PublicKey::from_point(point_of(X, Y)).unwrap();
    let signing = SigningKey::from_pem(BY_OPENSSL).unwrap();
    let set = jwks([&key, signing.public_key()]);
    let expected = serde_json::json!({ "kty": "EC", "crv": "P-256", "x": X, "y": Y,
        "kid": THUMBPRINT, "use": "sig", "alg": "ES256" });
    assert_eq!(set["keys"][0], expected);
    assert_eq!(set["keys"].as_array().unwrap().len(), 2);
    assert!(set["keys"][1].get("d").is_none());
    assert_eq!(jwks([]), serde_json::json!({ "keys": [] }));
}

#[test]
fn debug_output_shows_no_private_half() {
    let key = SigningKey::from_pem(BY_OPENSSL).unwrap();
    let shown = format!("{key:?}");
    assert!(shown.contains(key.public_key().kid()));
    assert!(!shown.contains("700e14ae") && !shown.contains("112, 14, 20"), "{shown}");
}
