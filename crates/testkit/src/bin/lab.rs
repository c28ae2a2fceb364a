//! `lab`: the programs that `cargo xtask bench` starts. It measures nothing by itself and listens
//! on loopback only.
//!
//! The servers end when their standard input does, so that none outlives whoever started it.
#![expect(clippy::print_stdout, reason = "whoever started it reads what it prints")]

use std::io::Read as _;
use std::thread;

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;
use testkit::lab::{DiskPlan, Floor, Load, Upstream};
use tokio::runtime;
use tokio::sync::oneshot;

const USAGE: &str = "\
lab upstream              answer, on a port that is printed
lab floor LISTEN UPSTREAM pass along, between two addresses
lab load < PLAN           make one run of load, and print what came of it
lab disk < PLAN           append and sync, and print what it took";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["upstream"] => {
            runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
                let upstream = Upstream::bind().await?;
                println!("listening on http://{}", upstream.address()?);
                until_input_ends(upstream.serve()).await
            })
        }
        // The runtime of the product: one thread a core, which share the work.
        ["floor", listen, upstream] => {
            runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
                let upstream = upstream.parse().context("UPSTREAM is an address")?;
                let listen = listen.parse().context("LISTEN is an address")?;
                let floor = Floor::bind(listen, upstream).await?;
                println!("listening on http://{}", floor.address()?);
                until_input_ends(floor.serve()).await
            })
        }
        ["load"] => print(&plan::<Load>()?.run()?),
        ["disk"] => print(&plan::<DiskPlan>()?.run()?),
        _ => bail!("{USAGE}"),
    }
}

fn plan<T: DeserializeOwned>() -> Result<T> {
    serde_json::from_reader(std::io::stdin().lock()).context("the plan on standard input")
}

fn print(report: &impl Serialize) -> Result<()> {
    println!("{}", serde_json::to_string(report)?);
    Ok(())
}

async fn until_input_ends(serving: impl Future<Output = Result<()>>) -> Result<()> {
    let (ended, end) = oneshot::channel();
    thread::spawn(move || {
        let mut byte = [0];
        while matches!(std::io::stdin().lock().read(&mut byte), Ok(1)) {}
        let _ = ended.send(());
    });
    tokio::select! {
        served = serving => served,
        // An error would say that the thread is gone, which ends it as well.
        _ = end => Ok(()),
    }
}
