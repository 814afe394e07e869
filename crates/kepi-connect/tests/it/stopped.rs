//! A program that is killed, at any point at which it waits for anything: for what it reads, writes or sends.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// Something that is done until it has waited so many times, and then never again.
pub(crate) struct Stopped<F> {
    of: Pin<Box<F>>,
    left: u32,
}

impl<F: Future> Stopped<F> {
    /// What is done of it until it has waited so many times; none: it was stopped there.
    pub(crate) fn after(waits: u32, of: F) -> Self {
        Self { of: Box::pin(of), left: waits }
    }
}

impl<F: Future> Future for Stopped<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        match self.of.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => {
                self.left -= 1;
                Poll::Pending
            }
        }
    }
}
