//! What one request costs to watch, beside everything else it costs. Prints nanoseconds; run it
//! with `cargo run --release -p telemetry --example cost`.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::{Duration, Instant};

use model::{Attempt, DecisionId, Dialect, Ended, Operation, RefusalCode, Timestamp, Usage};
use telemetry::{CallEnd, Finished, Settings, Steps, Tracing, TryTime, Watch};

const ROUNDS: u32 = 300_000;

#[expect(clippy::print_stdout, reason = "a measurement is printed")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let quiet = Watch::new(Settings::default())?.0;
    let tracing = Some(Tracing { sample_percent: 100, told: BTreeSet::new() });
    let (traced, _traces) = Watch::new(Settings { tracing, ..Settings::default() })?;
    let (model, provider) = ("gpt-x".parse()?, "openai".parse()?);
    let attempts = [Attempt {
        provider,
        upstream_model: "gpt-x-2026".to_owned(),
        lease: None,
        status: Some(200),
        failure: None,
        cause: None,
        upstream_request_id: None,
    }];
    let times = [TryTime { began: Duration::from_millis(1), ended: None }];
    let step = Some(Duration::from_micros(300));
    let steps = Steps {
        read: step,
        decide: step,
        record: step,
        forward: step,
        first_byte: step,
        total: Duration::from_millis(2),
    };
    let permitted = Finished {
        id: DecisionId::new(1, [7; 10]),
        minted: DecisionId::new(1, [7; 10]),
        trace: None,
        received: Timestamp::from_millis(1),
        dialect: Dialect::OpenAi,
        operation: Some(Operation::ChatCompletions),
        model: Some(&model),
        agent: None,
        code: None,
        status: Some(200),
        steps,
        input_bytes: 900,
        call: Some(CallEnd {
            ended: Ended::Complete,
            streamed: false,
            attempts: &attempts,
            times: &times,
            usage: Some(Usage { input_tokens: 120, output_tokens: 300 }),
            is_unreported: false,
            cost_nano_usd: Some(1_000),
            output_bytes: 2_000,
        }),
    };
    let refused = Finished { code: Some(RefusalCode::PolicyForbids), call: None, ..permitted };
    println!("permitted                      {:>5} ns", measure(&quiet, &permitted, ROUNDS));
    println!("refused                        {:>5} ns", measure(&quiet, &refused, ROUNDS));
    // As many as the queue of traces takes.
    println!("permitted, with its trace      {:>5} ns", measure(&traced, &permitted, 4_000));
    println!("permitted, its trace dropped   {:>5} ns", measure(&traced, &permitted, ROUNDS));
    Ok(())
}

fn measure(watch: &Watch, finished: &Finished<'_>, rounds: u32) -> u128 {
    #[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
    let began = Instant::now();
    for _ in 0..rounds {
        watch.finished(black_box(finished));
    }
    began.elapsed().as_nanos() / u128::from(rounds)
}
