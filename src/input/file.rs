//! A file as text, packed or not.
//!
//! What is packed is known by its first bytes and not by its name, and unpacked while it is read.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::digest::{Digesting, FileDigest};

/// Bytes that a packed file may unpack to: some megabytes can be packed so that they would fill
/// any disk. Assumption: the largest public recordings have a tenth of it.
const MOST: u64 = 4 << 30;

/// What a packed file begins with (RFC 1952, section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A file that is read once, from its beginning to its end.
pub(super) enum Text {
    Plain(BufReader<Digesting<File>>),
    Packed(Bounded<MultiGzDecoder<BufReader<Digesting<File>>>>),
}

impl Text {
    /// Opens a file, if it is one and looks like text.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let kind = file.metadata()?.file_type();
        if !kind.is_file() {
            let what = if kind.is_dir() { "it is a folder" } else { "it is no plain file" };
            return Err(io::Error::other(what));
        }
        let mut reader = BufReader::with_capacity(1 << 16, Digesting::new(file));
        match reader.fill_buf()? {
            start if start.starts_with(&GZIP) => {
                Ok(Self::Packed(Bounded { inner: MultiGzDecoder::new(reader), left: MOST }))
            }
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
                Err(io::Error::other("it is UTF-16: save it as UTF-8"))
            }
            _ => Ok(Self::Plain(reader)),
        }
    }

    /// The file as it was read: all of it, once its end was reached.
    pub fn digest(self) -> FileDigest {
        let reader = match self {
            Self::Plain(reader) => reader,
            Self::Packed(bounded) => bounded.inner.into_inner(),
        };
        reader.into_inner().digest()
    }
}

impl Read for Text {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(reader) => reader.read(into),
            Self::Packed(reader) => reader.read(into),
        }
    }
}

/// A reader that fails where too much comes out of it.
pub(super) struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => return Err(io::Error::other("it unpacks to more than 4 GiB")),
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_out_is_bounded() {
        let bounded = |left| {
            let mut text = String::new();
            let read = Bounded { inner: &b"12345"[..], left }.read_to_string(&mut text);
            read.map(|_| text).map_err(|error| error.to_string())
        };
        assert_eq!(bounded(5), Ok("12345".to_owned()));
        assert_eq!(bounded(4), Err("it unpacks to more than 4 GiB".to_owned()));
    }
}
