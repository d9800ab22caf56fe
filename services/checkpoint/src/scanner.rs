//! An optional virus scanner beside the disarming: ClamAV's `clamd`, spoken to over its socket with `INSTREAM` (clamd(8)).
//!
//! A second net, not the first: disarming does not rely on it. But where a city has one, a file waits until the scanner
//! has answered: an unreachable scanner holds the file, and silence is never taken for "clean".

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

/// How long the scanner may take to accept, and to answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes of a chunk; clamd's own limit is that of the whole stream.
const CHUNK: usize = 64 << 10;
/// An answer is one line.
const MAX_ANSWER: u64 = 4096;

/// Where the scanner listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanner {
    address: Address,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Address {
    Socket(PathBuf),
    Network(String),
}

/// What the scanner said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It knows nothing against the file.
    Clean,
    /// It recognised something; its name for it.
    Infected(String),
}

impl Scanner {
    /// A scanner at the path of a Unix socket, or at `HOST:PORT`.
    #[must_use]
    pub fn new(address: &str) -> Self {
        let is_path = address.contains('/') || !address.contains(':');
        let address =
            if is_path { Address::Socket(address.into()) } else { Address::Network(address.to_owned()) };
        Self { address }
    }

    /// Has a file scanned, chunk by chunk.
    ///
    /// # Errors
    /// The scanner can't be reached, breaks off, or answers with an error (a stream beyond its limit, say): hold the
    /// file.
    pub fn scan(&self, file: &mut dyn Read) -> io::Result<Verdict> {
        match &self.address {
            Address::Socket(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                converse(stream, file)
            }
            Address::Network(address) => {
                let stream = TcpStream::connect(address)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                converse(stream, file)
            }
        }
    }
}

fn converse(mut stream: impl Read + Write, file: &mut dyn Read) -> io::Result<Verdict> {
    stream.write_all(b"zINSTREAM\0")?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let got = file.read(&mut chunk)?;
        let length = u32::try_from(got).map_err(io::Error::other)?;
        stream.write_all(&length.to_be_bytes())?;
        if got == 0 {
            break;
        }
        stream.write_all(chunk.get(..got).unwrap_or_default())?;
    }
    stream.flush()?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let answer = answer.trim_end_matches(['\0', '\n', '\r']);
    let said = answer.strip_prefix("stream: ").unwrap_or(answer);
    if said == "OK" {
        return Ok(Verdict::Clean);
    }
    match said.strip_suffix(" FOUND") {
        Some(name) => Ok(Verdict::Infected(name.chars().filter(|c| !c.is_control()).take(120).collect())),
        None if said.is_empty() => Err(io::Error::other("clamd closed the connection without an answer")),
        None => Err(io::Error::other(format!("clamd: {said}"))),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    /// A scanner of our own that answers each stream with what `judge` says.
    fn listening(judge: fn(&[u8]) -> Vec<u8>) -> (tempfile::TempDir, Scanner) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clamd.sock");
        let listener = UnixListener::bind(&path).unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut command = [0; 10];
            stream.read_exact(&mut command).unwrap();
            assert_eq!(&command, b"zINSTREAM\0");
            let mut body = Vec::new();
            loop {
                let mut length = [0; 4];
                stream.read_exact(&mut length).unwrap();
                let length = u32::from_be_bytes(length) as usize;
                if length == 0 {
                    break;
                }
                let mut chunk = vec![0; length];
                stream.read_exact(&mut chunk).unwrap();
                body.extend(chunk);
            }
            stream.write_all(&judge(&body)).unwrap();
        });
        let scanner = Scanner::new(&path.to_string_lossy());
        (folder, scanner)
    }

    fn judge(body: &[u8]) -> Vec<u8> {
        let eicar = body.windows(19).any(|window| window == b"EICAR-STANDARD-ANTI");
        if eicar { b"stream: Eicar-Test-Signature FOUND\0".to_vec() } else { b"stream: OK\0".to_vec() }
    }

    #[test]
    fn a_clean_file_larger_than_a_chunk_passes() {
        let (_folder, scanner) = listening(judge);
        assert_eq!(scanner.scan(&mut vec![b'a'; CHUNK * 2 + 7].as_slice()).unwrap(), Verdict::Clean);
    }

    #[test]
    fn the_test_signature_is_named() {
        let (_folder, scanner) = listening(judge);
        let verdict = scanner.scan(&mut b"X5O!P%@AP EICAR-STANDARD-ANTIVIRUS".as_slice()).unwrap();
        assert_eq!(verdict, Verdict::Infected("Eicar-Test-Signature".to_owned()));
    }

    #[test]
    fn an_error_or_silence_is_never_clean() {
        let (_folder, scanner) = listening(|_| b"INSTREAM size limit exceeded. ERROR\0".to_vec());
        assert!(scanner.scan(&mut b"x".as_slice()).is_err());
        let (_folder, scanner) = listening(|_| Vec::new());
        assert!(scanner.scan(&mut b"x".as_slice()).is_err());
        assert!(Scanner::new("/nowhere/clamd.sock").scan(&mut b"x".as_slice()).is_err());
    }
}
