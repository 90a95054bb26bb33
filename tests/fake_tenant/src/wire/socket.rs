//! Connections that can be reset, so that the client sees a reset.
//!
//! Each accepted socket carries a [`ResetSwitch`]. Once that is thrown, the next write to the socket fails, the server drops the
//! connection, and as lingering is switched off first, the kernel sends RST instead of FIN: the client sees not one byte
//! of an answer. A truncated body is different: the right length is announced, and the body's stream fails half-way.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

#[derive(Clone, Default)]
pub(crate) struct ResetSwitch(Arc<AtomicBool>);

impl ResetSwitch {
    /// Resets the connection: nothing more is written to it.
    pub(crate) fn reset(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

pub(crate) struct BreakableListener(pub TcpListener);

pub(crate) struct BreakableStream {
    socket: TcpStream,
    cut: ResetSwitch,
}

impl Listener for BreakableListener {
    type Io = BreakableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (BreakableStream, SocketAddr) {
        loop {
            if let Ok((socket, from)) = self.0.accept().await {
                // An answer is one small write: waiting for more only costs time.
                let _ = socket.set_nodelay(true);
                return (BreakableStream { socket, cut: ResetSwitch::default() }, from);
            }
            tokio::task::yield_now().await;
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, BreakableListener>> for ResetSwitch {
    fn connect_info(stream: IncomingStream<'_, BreakableListener>) -> Self {
        stream.io().cut.clone()
    }
}

impl BreakableStream {
    fn check(&self) -> io::Result<()> {
        if self.cut.0.load(Ordering::SeqCst) {
            let _ = self.socket.set_zero_linger();
            return Err(io::Error::from(io::ErrorKind::ConnectionReset));
        }
        Ok(())
    }
}

impl AsyncRead for BreakableStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buf)
    }
}

impl AsyncWrite for BreakableStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

/// The first half of the bytes, then a failure.
pub(crate) fn half(bytes: &[u8]) -> Body {
    let first = Bytes::copy_from_slice(&bytes[..bytes.len() / 2]);
    let parts = futures_util::stream::unfold((Some(first), false), |(first, done)| async move {
        match first {
            Some(first) => Some((Ok(first), (None, false))),
            None if done => None,
            None => {
                // The first half is sent before the failure.
                for _ in 0..8 {
                    tokio::task::yield_now().await;
                }
                Some((Err(io::Error::from(io::ErrorKind::UnexpectedEof)), (None, true)))
            }
        }
    });
    Body::from_stream(parts)
}
