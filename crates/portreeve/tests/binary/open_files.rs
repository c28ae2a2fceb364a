//! A process that may open no more files goes on taking callers once it may again.

use std::fs;
use std::process::Command;

use testkit::Connection;

use crate::common::{Home, Server};

/// Callers while nothing can be opened.
const CALLERS: usize = 20;

impl Server {
    /// How many files the process may have open at most, from now on.
    fn limit_files(&self, most: usize) {
        let limit = format!("--nofile={most}:");
        let id = self.id().to_string();
        let done = Command::new("prlimit").args(["--pid", &id, &limit]).status().unwrap();
        assert!(done.success());
    }

    /// The number the next file it opens would get.
    fn next_file(&self) -> usize {
        let place = format!("/proc/{}/fd", self.id());
        (0..).find(|number| !fs::exists(format!("{place}/{number}")).unwrap()).unwrap()
    }
}

#[test]
fn callers_that_came_while_no_file_could_be_opened_are_answered_once_it_can() {
    let home = Home::new();
    let server = home.up();
    let token = home.token("demo-agent");
    server.limit_files(server.next_file());
    let mut callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let mut connection = Connection::tcp(server.address);
            connection.request("GET", "/healthz", &[], b"");
            connection
        })
        .collect();
    server.limit_files(4_096);
    for caller in &mut callers {
        assert_eq!(caller.reply().unwrap().status, 200);
    }
    assert_eq!(server.call(&token).status, 200);
    server.stop();
}
