//! Over TLS the certificate has to be of an authority that is trusted.

use std::sync::Arc;

use rollcall::simulator::patch::PatchDialect;
use rollcall::simulator::report::Verdict;
use rollcall::simulator::{Options, run};
use tokio_rustls::TlsAcceptor;

use crate::scenarios::options;
use crate::server::Server;

#[tokio::test]
async fn only_a_trusted_certificate_is_spoken_to() {
    let pair = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let folder = tempfile::tempdir().expect("a folder");
    let authorities = folder.path().join("ca.pem");
    std::fs::write(&authorities, pair.cert.pem()).expect("a file");
    let key = rustls_pki_types::PrivateKeyDer::try_from(pair.signing_key.serialize_der()).expect("a key");
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![pair.cert.der().clone()], key)
        .expect("a configuration");
    let server = Server::start_tls(TlsAcceptor::from(Arc::new(config))).await;
    let other = folder.path().join("other.pem");
    let stranger = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    std::fs::write(&other, stranger.cert.pem()).expect("a file");
    for (authorities, verdict) in [
        (Some(authorities), Verdict::Passed),
        (Some(other), Verdict::CouldNotRun),
        (Some(folder.path().join("none.pem")), Verdict::CouldNotRun),
        (None, Verdict::CouldNotRun),
    ] {
        let options = Options { authorities, people: Some(9), ..options(&server, "restart", PatchDialect::Legacy) };
        let report = run(options).await;
        assert_eq!(report.verdict(), verdict, "{}", report.to_text());
    }
}
