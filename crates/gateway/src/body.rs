//! Reads a request's body: bounded in size and time, as received.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use model::{Refusal, RefusalCode};

/// Most bytes of a refused request that are read for its connection's sake.
const DISCARDED_MAX: usize = 256 * 1024;
/// Longest that is waited for them.
const DISCARDED_WITHIN: Duration = Duration::from_secs(1);

/// The whole body, at most `max` bytes, where it arrives in time.
///
/// A declared length above the bound is refused before a byte is read.
pub(crate) async fn read(body: Incoming, max: usize, within: Duration) -> Result<Bytes, Refusal> {
    let too_large =
        || Refusal::new(RefusalCode::BodyTooLarge, format!("At most {max} bytes are taken."));
    if body.size_hint().lower() > u64::try_from(max).unwrap_or(u64::MAX) {
        return Err(too_large());
    }
    match tokio::time::timeout(within, collect(body, max)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(Stopped::TooLarge)) => Err(too_large()),
        Ok(Err(Stopped::Broken)) => {
            Err(Refusal::new(RefusalCode::BodyTruncated, "The connection broke off within it."))
        }
        Err(_) => Err(Refusal::new(RefusalCode::BodyTimeout, format!("It had {within:?}."))),
    }
}

/// Reads a body of a refused request to its end, as far as that is cheap, so that the client reads
/// the answer and the connection goes on. A longer or slower one is broken off.
pub(crate) async fn discard(mut body: Incoming) {
    let read = async {
        let mut left = DISCARDED_MAX;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            let Some(rest) = left.checked_sub(length) else { return };
            left = rest;
        }
    };
    // Whether it came to its end makes no difference to the answer.
    let _ = tokio::time::timeout(DISCARDED_WITHIN, read).await;
}

enum Stopped {
    TooLarge,
    Broken,
}

async fn collect(mut body: Incoming, max: usize) -> Result<Bytes, Stopped> {
    let mut first: Option<Bytes> = None;
    let mut more = BytesMut::new();
    let mut total = 0_usize;
    while let Some(frame) = body.frame().await {
        // Trailers carry nothing this gateway reads; they are not forwarded either.
        let Ok(data) = frame.map_err(|_| Stopped::Broken)?.into_data() else { continue };
        total = total.saturating_add(data.len());
        if total > max {
            return Err(Stopped::TooLarge);
        }
        match first.take() {
            // The common body comes in one piece and is never copied.
            None if more.is_empty() => first = Some(data),
            None => more.extend_from_slice(&data),
            Some(start) => {
                more.reserve(start.len() + data.len());
                more.extend_from_slice(&start);
                more.extend_from_slice(&data);
            }
        }
    }
    Ok(first.unwrap_or_else(|| more.freeze()))
}
