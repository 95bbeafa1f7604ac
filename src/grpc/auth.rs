//! Who calls: from the call's metadata in development mode, the only mode there is without TLS.

use std::time::Duration;

use tonic::{Request, Status};

use crate::domain::id::AgencyId;
use crate::service::access::Caller;
use crate::service::error::Refused;
use crate::service::limits;

use super::status::{bad_field, in_words, status};

/// The metadata key that names the calling agency in development mode.
pub const AGENCY: &str = "caseledger-agency";

/// The caller of a request. A call that names no agency may read and may not write.
///
/// # Errors
/// `INVALID_ARGUMENT` for a name that is no agency id, and for two names; `PERMISSION_DENIED` for the reserved name `ledger`.
pub fn caller<T>(request: &Request<T>) -> Result<Caller, Status> {
    let mut named = request.metadata().get_all(AGENCY).iter();
    let Some(value) = named.next() else {
        return Ok(Caller::development(None));
    };
    if named.next().is_some() {
        return Err(bad_field(AGENCY, "is there twice; name one agency"));
    }
    let text = value
        .to_str()
        .map_err(|_not_ascii| bad_field(AGENCY, "is not ASCII"))?;
    let agency = AgencyId::new(text).map_err(|error| bad_field(AGENCY, &error.to_string()))?;
    if agency.as_str() == crate::ledger::statement::LEDGER {
        let words = "caseledger-agency: `ledger` is the ledger itself; name your own agency";
        return Err(in_words(&Refused::OtherAgency, words));
    }
    Ok(Caller::development(Some(agency)))
}

/// How long the call may still take: the client's `grpc-timeout`, at most [`limits::UNARY_CEILING`].
///
/// # Errors
/// `DEADLINE_EXCEEDED` for a deadline that is already past; `INVALID_ARGUMENT` for one that cannot be read.
pub fn time_left<T>(request: &Request<T>) -> Result<Duration, Status> {
    let Some(value) = request.metadata().get("grpc-timeout") else {
        return Ok(limits::UNARY_CEILING);
    };
    let left = value.to_str().ok().and_then(parse_timeout);
    let left = left.ok_or_else(|| bad_field("grpc-timeout", "is not digits and a unit"))?;
    if left.is_zero() {
        return Err(status(&Refused::DeadlinePassed));
    }
    Ok(left.min(limits::UNARY_CEILING))
}

/// Up to eight digits and one of H, M, S, m, u, n.
fn parse_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(amount.checked_mul(3600)?)),
        "M" => Some(Duration::from_secs(amount.checked_mul(60)?)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(key: &'static str, value: &str) -> Request<()> {
        let mut request = Request::new(());
        request.metadata_mut().insert(key, value.parse().unwrap());
        request
    }

    #[test]
    fn a_deadline_of_zero_is_already_past_and_a_long_one_is_capped() {
        let past = time_left(&with("grpc-timeout", "0m")).unwrap_err();
        assert_eq!(past.code(), tonic::Code::DeadlineExceeded);
        assert_eq!(
            time_left(&with("grpc-timeout", "250m")).unwrap(),
            Duration::from_millis(250)
        );
        assert_eq!(
            time_left(&with("grpc-timeout", "9H")).unwrap(),
            limits::UNARY_CEILING
        );
        assert_eq!(time_left(&Request::new(())).unwrap(), limits::UNARY_CEILING);
        for wrong in ["", "m", "5", "123456789S", "-1S", "5x"] {
            assert!(time_left(&with("grpc-timeout", wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_call_in_two_names_is_refused_instead_of_taking_the_first() {
        let mut request = with(AGENCY, "csc");
        request
            .metadata_mut()
            .append(AGENCY, "police".parse().unwrap());
        let refused = caller(&request).unwrap_err();
        assert_eq!(refused.code(), tonic::Code::InvalidArgument);
        assert!(refused.message().contains(AGENCY), "{refused:?}");
    }

    #[test]
    fn nobody_can_call_as_the_ledger_itself() {
        let refused = caller(&with(AGENCY, "ledger")).unwrap_err();
        assert_eq!(refused.code(), tonic::Code::PermissionDenied);
        assert!(refused.message().contains(AGENCY), "{refused:?}");
        assert!(caller(&with(AGENCY, "Csc")).is_err());
        assert!(caller(&with(AGENCY, "csc")).unwrap().agency().is_ok());
        assert!(caller(&Request::new(())).unwrap().agency().is_err());
    }
}
