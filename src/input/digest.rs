//! A file's SHA-256, taken while it is read: what was read is what the digest tells of.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

/// A file as it was when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDigest {
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// A reader that counts and digests what goes through it.
pub(super) struct Digesting<R> {
    inner: R,
    sha256: Sha256,
    bytes: u64,
}

impl<R: Read> Digesting<R> {
    pub fn new(inner: R) -> Self {
        Self { inner, sha256: Sha256::new(), bytes: 0 }
    }

    /// What was read so far.
    pub fn digest(self) -> FileDigest {
        FileDigest { bytes: self.bytes, sha256: format!("{:x}", self.sha256.finalize()) }
    }
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.sha256.update(&into[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digest of "abc" is the first example of FIPS 180-4's test values.
    #[test]
    fn a_digest_is_of_what_was_read() {
        let mut reader = Digesting::new(&b"abc"[..]);
        io::copy(&mut reader, &mut io::sink()).expect("a slice can be read");
        let digest = reader.digest();
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((digest.bytes, digest.sha256.as_str()), (3, known));
    }
}
