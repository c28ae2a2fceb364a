//! URIs as people and attackers write them, and where they lead.

use super::{Leads, of_file, of_web, of_web_or_google, unescaped};

/// What no provider fetches from the web as anyone would.
const NOT_OF_THE_WEB: &[&str] = &[
    "ms://file-1",
    "fileid://file-1",
    "gs://bucket/object",
    "s3://bucket/object",
    "file:///etc/passwd",
    "files/abc",
    "file-1",
    "//example.com/a",
    "https:example.com",
    "https:/example.com",
    "https:///example.com",
    "https:\\\\example.com",
    "https://a@b/x",
    "https://a.example\\@b.example/x",
    "https://a.example\\.googleapis.com/x",
    "https://a.example%2f.googleapis.com/x",
    "https://b\u{fc}cher.example/x",
    "https://storage\u{3002}googleapis\u{3002}com/x",
    "https://storage.googleapis.com../x",
    "https://storage.goo\tgleapis.com/x",
    "https://example.com/a\nb",
    "ht\ntps://example.com/a",
    "https://a.example b.example/x",
    "dat\na:,x",
];

/// Google's own storage.
const GOOGLES: &[&str] = &[
    "https://generativelanguage.googleapis.com/v1beta/files/abc",
    "HTTPS://GenerativeLanguage.GoogleAPIs.com./anything",
    "https://generativelanguage.googleapis.com//v1beta/%66iles/abc",
    "https://generativelanguage.googleapis.com",
    "https://storage.googleapis.com/bucket/object",
    "https://bucket.storage.googleapis.com:443/object",
    "https://googleapis.com/x",
    "https://storage.cloud.google.com/bucket/object",
    "https://x.storage.cloud.google.com?object",
    " https://storage.googleapis.com/bucket/object\n",
];

/// Where uploaded files stand, on a host of anyone's.
const FILES: &[&str] = &[
    "https://gateway.internal/v1beta/files/abc",
    "https://gateway.internal/v1beta/%66iles/abc",
    "https://gateway.internal/v1beta/%66%69%6C%65%73/abc",
    "https://gateway.internal/v1beta/%2566iles/abc",
    "https://gateway.internal/v1beta/%25252566iles/abc",
    "https://gateway.internal/v1beta%2Ffiles%2fabc",
    "https://gateway.internal/%76%31beta/files/abc",
    "https://gateway.internal//v1beta/files/abc",
    "https://gateway.internal/v1beta//files/abc",
    "https://gateway.internal/v1beta/./files/abc",
    "https://gateway.internal/v1beta/x/../files/abc",
    "https://gateway.internal/v1beta\\files\\abc",
    "https://gateway.internal/download/v1beta/files/abc:download",
    "https://gateway.internal/gemini/V1/Files/abc",
    "https://gateway.internal/v1beta;a=b/files;c=d/abc",
    "http://gateway.internal/v1alpha/files?alt=media",
];

/// Pages, pictures and films of the web.
const OF_THE_WEB: &[&str] = &[
    "https://www.youtube.com/watch?v=abc",
    "http://example.com/files/abc",
    "https://example.com/sites/default/files/a.pdf",
    "https://googleapis.com.example.org/a",
    "https://notgoogleapis.com/a",
    "https://notstorage.cloud.google.com/a",
    "https://cloud.google.com/a",
    "https://example.com/v1beta",
    "https://example.com/v1beta/%66ile/abc",
    "https://example.com/files/v1beta",
    "https://example.com/volumes/files/abc",
    "https://example.com/a?next=/v1beta/files/abc",
    "https://example.com/a#/v1beta/files/abc",
    "https://example.com/100%/a b.png",
    "https://[::1]:8080/a",
    "https://example.com",
];

#[test]
fn what_is_not_of_the_web_is_stored_in_every_form() {
    for uri in NOT_OF_THE_WEB {
        for leads in [of_web(uri), of_web_or_google(uri), of_file(uri)] {
            assert_eq!(leads, Leads::Stored, "{uri:?}");
        }
    }
}

#[test]
fn what_is_on_googles_hosts_is_stored_where_google_may_be_the_provider() {
    for uri in GOOGLES {
        assert_eq!(of_file(uri), Leads::Stored, "{uri}");
        assert_eq!(of_web_or_google(uri), Leads::Stored, "{uri}");
        assert_eq!(of_web(uri), Leads::Fetched, "{uri}");
    }
}

#[test]
fn the_path_of_uploaded_files_is_theirs_on_any_host_in_geminis_form() {
    for uri in FILES {
        assert_eq!(of_file(uri), Leads::Stored, "{uri}");
        assert_eq!(of_web_or_google(uri), Leads::Fetched, "{uri}");
        assert_eq!(of_web(uri), Leads::Fetched, "{uri}");
    }
}

#[test]
fn what_is_of_the_web_is_fetched() {
    for uri in OF_THE_WEB {
        for leads in [of_web(uri), of_web_or_google(uri), of_file(uri)] {
            assert_eq!(leads, Leads::Fetched, "{uri}");
        }
    }
}

#[test]
fn data_and_nothing_lead_nowhere_and_geminis_files_hold_none() {
    let empty = ["", " ", "\u{1}"].map(|uri| (uri, Leads::Nowhere));
    let data = ["data:,x", "data:", " DATA:image/png;base64,AA==", "\u{1}data:,"]
        .map(|uri| (uri, Leads::Data));
    for (uri, leads) in empty.into_iter().chain(data) {
        assert_eq!(of_web(uri), leads, "{uri:?}");
        assert_eq!(of_web_or_google(uri), leads, "{uri:?}");
        assert_eq!(of_file(uri), Leads::Stored, "{uri:?}");
    }
}

#[test]
fn escapes_within_escapes_are_undone_in_one_pass() {
    assert_eq!(unescaped("/a%2fb%25%32%66c%zz%4"), b"/a/b/c%zz%4");
    // Nested as deep as it is long: a pass for each level would take hours.
    let deep = format!("%{}66", "25".repeat(1 << 20));
    assert_eq!(unescaped(&deep), b"f");
    assert_eq!(unescaped(""), b"");
}
