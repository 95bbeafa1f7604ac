//! Strict reading and writing of fixed layouts: big-endian, length-prefixed, nothing left over (FORMAT.md section 1).

/// The largest number the format allows except for *no previous leaf*: 2^63 − 1.
pub const NUMBER_MAX: u64 = i64::MAX.unsigned_abs();

/// Bytes that are not what the format says. Names the field, never its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end inside this field.
    #[error("the bytes end inside the {0}")]
    Truncated(&'static str),
    /// This field has a value that the format does not allow.
    #[error("the {0} is not one that the format allows")]
    Invalid(&'static str),
    /// Bytes are left over after this structure.
    #[error("bytes are left over after the {0}")]
    LeftOver(&'static str),
    /// The checksum of this structure does not fit its bytes.
    #[error("the checksum of the {0} does not fit")]
    Checksum(&'static str),
}

/// Reads fields one after the other; each is taken once and named for the error.
#[derive(Clone, Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// What has not been read yet.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// The next `length` bytes.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] when there are fewer.
    pub fn take(&mut self, length: usize, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let (head, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(DecodeError::Truncated(what))?;
        self.0 = rest;
        Ok(head)
    }

    /// The next `N` bytes as an array.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] when there are fewer.
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], DecodeError> {
        let (head, rest) = self
            .0
            .split_first_chunk::<N>()
            .ok_or(DecodeError::Truncated(what))?;
        self.0 = rest;
        Ok(*head)
    }

    /// A `u8`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn u8(&mut self, what: &'static str) -> Result<u8, DecodeError> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    /// A `u16`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn u16(&mut self, what: &'static str) -> Result<u16, DecodeError> {
        self.array(what).map(u16::from_be_bytes)
    }

    /// A `u32`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn u32(&mut self, what: &'static str) -> Result<u32, DecodeError> {
        self.array(what).map(u32::from_be_bytes)
    }

    /// Any `u64`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn u64(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        self.array(what).map(u64::from_be_bytes)
    }

    /// A `u64` of at most [`NUMBER_MAX`].
    ///
    /// # Errors
    /// [`DecodeError::Truncated`]; [`DecodeError::Invalid`] when it is larger.
    pub fn number(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        let number = self.u64(what)?;
        if number > NUMBER_MAX {
            Err(DecodeError::Invalid(what))
        } else {
            Ok(number)
        }
    }

    /// A `u32` length and that many bytes, at most `max`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`]; [`DecodeError::Invalid`] when the length is above `max`.
    pub fn lp(&mut self, max: usize, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let length = usize::try_from(self.u32(what)?)
            .ok()
            .ok_or(DecodeError::Invalid(what))?;
        if length > max {
            return Err(DecodeError::Invalid(what));
        }
        self.take(length, what)
    }

    /// These exact bytes.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`]; [`DecodeError::Invalid`] when they are others.
    pub fn expect(&mut self, bytes: &[u8], what: &'static str) -> Result<(), DecodeError> {
        if self.take(bytes.len(), what)? == bytes {
            Ok(())
        } else {
            Err(DecodeError::Invalid(what))
        }
    }

    /// Nothing is left.
    ///
    /// # Errors
    /// [`DecodeError::LeftOver`].
    pub const fn finish(self, what: &'static str) -> Result<(), DecodeError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::LeftOver(what))
        }
    }
}

/// Writes fields one after the other.
#[derive(Clone, Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// Starts with room for `capacity` bytes.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// Adds bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Adds a `u8`.
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.bytes(&[value])
    }

    /// Adds a `u16`.
    pub fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    /// Adds a `u32`.
    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    /// Adds a `u64`.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    /// Adds `lp(bytes)`. Callers keep to the limits of the format, far below 4 GiB.
    pub fn lp(&mut self, bytes: &[u8]) -> &mut Self {
        self.u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX))
            .bytes(bytes)
    }

    /// What has been written so far.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// The bytes.
    #[must_use]
    pub fn into_vec(self) -> Vec<u8> {
        self.0
    }
}
