//! From a file to UTF-8: gzip is unpacked, byte order marks are taken off, other encodings are decoded on the fly.

use std::{
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use encoding_rs::{DecoderResult, Encoding, UTF_8};
use flate2::bufread::MultiGzDecoder;

use crate::{durable, error::LandError};

/// What a zip archive begins with.
const ZIP: &[u8] = b"PK\x03\x04";

/// How an I/O error on a file is said.
pub(crate) fn read_error(name: &str, source: io::Error) -> LandError {
    match source.kind() {
        io::ErrorKind::NotFound => LandError::NoFile { path: name.to_owned() },
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            LandError::Format {
                path: name.to_owned(),
                format: "a complete gzip file",
                reason: source.to_string(),
            }
        }
        _ => LandError::Read { path: name.to_owned(), source },
    }
}

/// The unpacked bytes of a file.
pub(crate) fn unpacked(path: &Path, name: &str) -> Result<Box<dyn BufRead + Send>, LandError> {
    let file = durable::open(path).map_err(|e| read_error(name, e))?;
    let mut file = BufReader::with_capacity(1 << 17, file);
    let packed = file.fill_buf().map_err(|e| read_error(name, e))?.starts_with(&[0x1f, 0x8b]);
    Ok(if packed {
        Box::new(BufReader::with_capacity(1 << 17, MultiGzDecoder::new(file)))
    } else {
        Box::new(file)
    })
}

/// The text of a file as UTF-8 bytes. Where the file is not in its encoding the bytes are not valid UTF-8 either, so
/// that rows can be judged one by one.
pub(crate) fn text(path: &Path, name: &str, label: &str) -> Result<Box<dyn BufRead + Send>, LandError> {
    let encoding = Encoding::for_label(label.as_bytes())
        .ok_or_else(|| LandError::UnknownEncoding { label: label.to_owned() })?;
    let mut bytes = unpacked(path, name)?;
    let start = bytes.fill_buf().map_err(|e| read_error(name, e))?;
    if start.starts_with(ZIP) {
        return Err(LandError::Format {
            path: name.to_owned(),
            format: "a file of text",
            reason: "it is a zip archive, as workbooks are: unpack it, or write `excel`".to_owned(),
        });
    }
    if let Some((marked, length)) = Encoding::for_bom(start) {
        if marked != encoding {
            return Err(LandError::Encoding {
                path: name.to_owned(),
                line: 1,
                reason: format!(
                    "the file begins with the byte order mark of {}, but is declared as `{label}`",
                    marked.name()
                ),
            });
        }
        bytes.consume(length);
    }
    Ok(if encoding == UTF_8 {
        bytes
    } else {
        Box::new(BufReader::with_capacity(
            1 << 16,
            Decoding {
                inner: bytes,
                decoder: encoding.new_decoder_without_bom_handling(),
                ready: Vec::new(),
                at: 0,
                done: false,
            },
        ))
    })
}

/// Decodes while reading; a malformed sequence becomes the byte 0xFF, which is in no UTF-8.
struct Decoding {
    inner: Box<dyn BufRead + Send>,
    decoder: encoding_rs::Decoder,
    ready: Vec<u8>,
    at: usize,
    done: bool,
}

impl Decoding {
    fn refill(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.at = 0;
        while self.ready.is_empty() && !self.done {
            let input = self.inner.fill_buf()?;
            let last = input.is_empty();
            let mut output =
                vec![
                    0u8;
                    self.decoder.max_utf8_buffer_length_without_replacement(input.len()).unwrap_or(1 << 20)
                ];
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(input, &mut output, last);
            self.inner.consume(read);
            output.truncate(written);
            self.ready = output;
            match result {
                DecoderResult::Malformed(..) => self.ready.push(0xff),
                DecoderResult::InputEmpty if last => self.done = true,
                DecoderResult::InputEmpty | DecoderResult::OutputFull => {}
            }
        }
        Ok(())
    }
}

impl Read for Decoding {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.ready.len() {
            self.refill()?;
        }
        let mut rest = self.ready.get(self.at..).unwrap_or(&[]);
        let n = rest.read(into)?;
        self.at += n;
        Ok(n)
    }
}
