//! The real network: TCP, with mutual TLS where it is configured.

use crate::transport::{Accepted, Acceptor, Boxed, Net, Stream};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{self, RootCertStore};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// PEM files of mutual TLS. Every worker's certificate is of the authority and names `vectron-worker`.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    pub authority: PathBuf,
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// The name in the certificates of workers: addresses change, the role does not.
const SERVER_NAME: &str = "vectron-worker";

struct Tls {
    client: TlsConnector,
    server: TlsAcceptor,
}

pub struct TcpNet {
    tls: Option<Tls>,
    /// Where the listener is, when that is a loopback address: connections to others on loopback come from there, so that
    /// workers of one machine can be told apart, and cut off from each other.
    loopback: OnceLock<IpAddr>,
}

impl TcpNet {
    pub fn new(files: Option<&TlsFiles>) -> io::Result<Self> {
        Ok(Self { tls: files.map(tls).transpose()?, loopback: OnceLock::new() })
    }

    async fn reach(&self, address: &str) -> io::Result<TcpStream> {
        let (from, to) = (self.loopback.get(), address.parse::<SocketAddr>().ok());
        match from.zip(to) {
            Some((from, to)) if to.ip().is_loopback() && from.is_ipv4() && to.is_ipv4() => {
                let socket = TcpSocket::new_v4()?;
                socket.bind(SocketAddr::new(*from, 0))?;
                socket.connect(to).await
            }
            _ => TcpStream::connect(address).await,
        }
    }
}

fn tls(files: &TlsFiles) -> io::Result<Tls> {
    let wrong =
        |what: &PathBuf, e: &dyn std::fmt::Display| io::Error::other(format!("{}: {e}", what.display()));
    let certificates = |file: &PathBuf| -> io::Result<Vec<CertificateDer<'static>>> {
        let read = CertificateDer::pem_file_iter(file).map_err(|e| wrong(file, &e))?;
        read.collect::<Result<_, _>>().map_err(|e| wrong(file, &e))
    };
    let key = || PrivateKeyDer::from_pem_file(&files.key).map_err(|e| wrong(&files.key, &e));
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&files.authority)? {
        roots.add(certificate).map_err(|e| wrong(&files.authority, &e))?;
    }
    let roots = Arc::new(roots);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain = certificates(&files.certificate)?;
    let client = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(io::Error::other)?
        .with_root_certificates(Arc::clone(&roots))
        .with_client_auth_cert(chain.clone(), key()?)
        .map_err(|e| wrong(&files.certificate, &e))?;
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider));
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(io::Error::other)?
        .with_client_cert_verifier(verifier.build().map_err(|e| wrong(&files.authority, &e))?)
        .with_single_cert(chain, key()?)
        .map_err(|e| wrong(&files.certificate, &e))?;
    Ok(Tls { client: Arc::new(client).into(), server: Arc::new(server).into() })
}

impl Net for TcpNet {
    fn connect<'a>(&'a self, address: &'a str) -> Boxed<'a, io::Result<Box<dyn Stream>>> {
        Box::pin(async move {
            let stream = self.reach(address).await?;
            stream.set_nodelay(true)?;
            let Some(tls) = &self.tls else { return Ok(Box::new(stream) as Box<dyn Stream>) };
            let name = ServerName::try_from(SERVER_NAME).map_err(io::Error::other)?;
            Ok(Box::new(tls.client.connect(name, stream).await?) as Box<dyn Stream>)
        })
    }

    fn bind<'a>(&'a self, address: &'a str) -> Boxed<'a, io::Result<Box<dyn Acceptor>>> {
        Box::pin(async move {
            let listener = TcpListener::bind(address).await?;
            let at = listener.local_addr()?.ip();
            if at.is_loopback() {
                // It listens once.
                let _ = self.loopback.set(at);
            }
            let tls = self.tls.as_ref().map(|tls| tls.server.clone());
            Ok(Box::new(TcpAcceptor { listener, tls }) as Box<dyn Acceptor>)
        })
    }
}

struct TcpAcceptor {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
}

impl Acceptor for TcpAcceptor {
    fn accept(&mut self) -> Boxed<'_, io::Result<Accepted>> {
        Box::pin(async move {
            let (stream, _) = self.listener.accept().await?;
            stream.set_nodelay(true)?;
            let tls = self.tls.clone();
            Ok(Box::pin(async move {
                let Some(tls) = tls else { return Ok(Box::new(stream) as Box<dyn Stream>) };
                Ok(Box::new(tls.accept(stream).await?) as Box<dyn Stream>)
            }) as Accepted)
        })
    }

    fn local_address(&self) -> io::Result<String> {
        Ok(self.listener.local_addr()?.to_string())
    }
}
