//! A socket whose peer must keep taking what is written to it.
//!
//! An answer is not asked for more while its client takes nothing, so nothing else would notice
//! a client that stopped reading: it would hold its place and the provider's call for ever. It
//! never limits how long a peer may be silent.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Duration, Sleep};

/// A socket that fails once it took nothing for a while.
#[derive(Debug)]
pub(crate) struct Unstalled<S> {
    socket: S,
    within: Duration,
    /// Runs while the peer takes nothing.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<S> Unstalled<S> {
    /// `socket`, whose peer has `within` for each piece it takes.
    pub(crate) const fn new(socket: S, within: Duration) -> Self {
        Self { socket, within, alarm: None }
    }

    fn judge<T>(
        &mut self,
        context: &mut Context<'_>,
        taken: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if taken.is_ready() {
            self.alarm = None;
            return taken;
        }
        let within = self.within;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep(within)));
        ready!(alarm.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Unstalled<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Unstalled<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let taken = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.judge(context, taken)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let taken = Pin::new(&mut self.socket).poll_write_vectored(context, slices);
        self.judge(context, taken)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let taken = Pin::new(&mut self.socket).poll_flush(context);
        self.judge(context, taken)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let taken = Pin::new(&mut self.socket).poll_shutdown(context);
        self.judge(context, taken)
    }
}
