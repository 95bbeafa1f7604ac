//! A TCP connection on which small frames leave together.
//!
//! HTTP/2 answers a unary call with three frames. Over a socket that takes vectored writes, `h2` sends any frame of more
//! than 256 bytes by reference, and what follows it in a write of its own: two writes an answer, two packets, and two
//! times that the other side is woken. Over one that does not, it copies frames of up to 1,024 bytes behind each other
//! and writes them at once. Copying a kilobyte costs a twentieth of a write.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tonic::transport::server::{Connected, TcpConnectInfo};

/// A connected socket without vectored writes.
#[derive(Debug)]
pub struct Socket(TcpStream);

impl Socket {
    /// Over a connection. Small answers go out at once: an acknowledgement must not wait for the other side's delayed
    /// TCP acknowledgement.
    ///
    /// # Errors
    /// When the socket does not take the option.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }
}

impl Connected for Socket {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.0.connect_info()
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, into)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        false
    }
}
