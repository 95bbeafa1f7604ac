//! Who is calling, and how that is known.
//!
//! TLS is not built yet. So there is one mode, *development*: on a loopback address only, each call names its agency in
//! metadata and is believed. Off loopback the server refuses to start.

use std::net::SocketAddr;

use crate::domain::id::AgencyId;

use super::error::Refused;

/// How the caller was authenticated; kept in each entry it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// The call said so, on a loopback address, and was believed.
    Development,
}

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    agency: Option<AgencyId>,
    how: How,
}

impl Caller {
    /// A caller of development mode: the agency that it named, if it named one.
    pub fn development(agency: Option<AgencyId>) -> Self {
        Self {
            agency,
            how: How::Development,
        }
    }

    /// The agency that writes.
    ///
    /// # Errors
    /// [`Refused::Unauthenticated`] when the call named none.
    pub fn agency(&self) -> Result<&AgencyId, Refused> {
        self.agency.as_ref().ok_or(Refused::Unauthenticated)
    }

    /// How that is known.
    pub fn how(&self) -> How {
        self.how
    }
}

/// The address is not a loopback one, and only development mode exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a loopback address, and this version has no TLS: listen on 127.0.0.1 or [::1]")]
pub struct NeedsTls(pub SocketAddr);

/// Refuses every address that other machines can reach.
///
/// # Errors
/// [`NeedsTls`] for an address that is not loopback.
pub fn check_listen(address: SocketAddr) -> Result<(), NeedsTls> {
    if address.ip().is_loopback() {
        Ok(())
    } else {
        Err(NeedsTls(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_may_be_served_without_tls() {
        for ok in ["127.0.0.1:0", "127.8.8.8:1", "[::1]:7000"] {
            assert_eq!(check_listen(ok.parse().unwrap()), Ok(()), "{ok}");
        }
        for no in ["0.0.0.0:1", "192.168.1.4:1", "[::]:1", "[fe80::1]:1"] {
            assert!(check_listen(no.parse().unwrap()).is_err(), "{no}");
        }
    }
}
