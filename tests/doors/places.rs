//! Where everything is that an example of `examples/proxies` names.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use rustls_pki_types::CertificateDer;
use tokio::net::TcpListener;

/// The application's host in the examples.
pub(crate) const HOST: &str = "wiki.contoso.example";

/// Where everything is that an example names.
pub(crate) struct Places {
    pub(crate) folder: PathBuf,
    pub(crate) proxy: SocketAddr,
    pub(crate) door: SocketAddr,
    pub(crate) application: SocketAddr,
    pub(crate) certificate: CertificateDer<'static>,
}

/// An address that nobody uses at this moment.
async fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    listener.local_addr().expect("an address")
}

impl Places {
    /// Chooses an address for the proxy, and puts a certificate of the application's host into the folder.
    pub(crate) async fn lay_out(folder: &Path, door: SocketAddr, application: SocketAddr) -> Self {
        let certificate = rcgen::generate_simple_self_signed([HOST.to_owned()]).expect("a certificate");
        let (chain, key) = (certificate.cert.pem(), certificate.signing_key.serialize_pem());
        for (name, text) in [("tls.crt", &chain), ("tls.key", &key), ("tls.pem", &format!("{chain}{key}"))] {
            fs::write(folder.join(name), text).expect("a file");
        }
        let certificate = certificate.cert.der().clone();
        Self { folder: folder.to_owned(), proxy: free_address().await, door, application, certificate }
    }

    /// Copies a file of `examples/proxies` to the folder with what stands for a cluster's addresses replaced by ours. Each of the
    /// texts has to be there, so that an example cannot change without its test.
    pub(crate) fn copy(&self, example: &str, replaced: &[(&str, String)]) -> PathBuf {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/proxies").join(example);
        let mut text = fs::read_to_string(&source).unwrap_or_else(|error| panic!("{}: {error}", source.display()));
        for (from, to) in replaced {
            assert!(text.contains(from), "{example} does not contain {from}");
            text = text.replace(from, to);
        }
        let target = self.folder.join(source.file_name().expect("a file has a name"));
        fs::write(&target, text).expect("a file");
        target
    }

    /// Rollcall and the application, as the examples name them.
    pub(crate) fn servers(&self) -> [(&'static str, String); 2] {
        [
            ("rollcall.rollcall-system.svc.cluster.local:80", self.door.to_string()),
            ("wiki.acme.svc.cluster.local:3000", self.application.to_string()),
        ]
    }

    /// A file of the folder, as a configuration names it.
    pub(crate) fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }
}
