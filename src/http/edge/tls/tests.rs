use std::path::Path;

use super::*;

/// A new certificate for `localhost`, signed by itself, and its key, in PEM: no private key lies in the repository.
fn pair() -> (String, String) {
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    (pair.cert.pem(), pair.signing_key.serialize_pem())
}

/// A folder of one test, removed at its end.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn write(&self, cert: &str, key: &str) {
        std::fs::write(self.cert(), cert).expect("a file");
        std::fs::write(self.key(), key).expect("a file");
    }

    fn cert(&self) -> PathBuf {
        self.0.path().join("tls.crt")
    }

    fn key(&self) -> PathBuf {
        self.0.path().join("tls.key")
    }

    async fn open(&self) -> Result<Tls, TlsError> {
        Tls::open(self.cert(), self.key(), Metrics::default()).await
    }
}

fn certificate(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate")
}

fn in_force(tls: &Tls) -> CertificateDer<'static> {
    tls.in_force.0.load().cert[0].clone()
}

#[tokio::test]
async fn new_files_are_taken_and_bad_ones_are_not() {
    let folder = Folder::new();
    let ((cert, key), (other_cert, other_key)) = (pair(), pair());
    folder.write(&cert, &key);
    let tls = folder.open().await.expect("a good pair");
    assert!(!tls.reload().await.expect("nothing is new"));
    for (name, bad_cert, bad_key) in [
        ("a key of another certificate", other_cert.as_str(), key.as_str()),
        ("no certificate", "junk", &key),
        ("no key", &cert, ""),
    ] {
        folder.write(bad_cert, bad_key);
        tls.reload().await.expect_err(name);
        assert!(!tls.reload().await.expect("the same again is not news"), "{name}");
        assert_eq!(in_force(&tls), certificate(&cert), "{name}");
    }
    folder.write(&other_cert, &other_key);
    assert!(tls.reload().await.expect("a new pair"));
    assert_eq!(in_force(&tls), certificate(&other_cert));
    std::fs::remove_file(folder.key()).expect("removed");
    assert!(matches!(tls.reload().await, Err(TlsError::Read { .. })));
    assert_eq!(in_force(&tls), certificate(&other_cert));
}

#[tokio::test]
async fn what_cannot_be_used_at_the_start_is_named() {
    let folder = Folder::new();
    let ((cert, _), (_, other_key)) = (pair(), pair());
    let named = |error: TlsError, path: &Path| {
        let text = error.to_string();
        assert!(text.contains(&path.display().to_string()), "{text}");
    };
    named(folder.open().await.err().expect("no files"), &folder.cert());
    folder.write(&cert, "junk");
    named(folder.open().await.err().expect("no key"), &folder.key());
    folder.write(&cert, &other_key);
    let mismatch = folder.open().await.err().expect("a key of another certificate");
    named(mismatch, &folder.key());
    assert!(matches!(folder.open().await, Err(TlsError::KeyMismatch { .. })));
    let junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    folder.write(junk, &other_key);
    assert!(matches!(folder.open().await, Err(TlsError::Unusable(_))));
}

/// A certificate for `localhost` that ends at the beginning of this year, and its key.
fn pair_until(year: i32) -> (String, String) {
    let mut parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("a name");
    parameters.not_after = rcgen::date_time_ymd(year, 1, 1);
    let key = rcgen::KeyPair::generate().expect("a key");
    (parameters.self_signed(&key).expect("a certificate").pem(), key.serialize_pem())
}

#[tokio::test]
async fn the_metric_tells_when_the_certificate_in_force_expires() {
    let folder = Folder::new();
    let line = |at: i64| format!("rollcall_tls_certificate_expires_timestamp_seconds{{listener=\"public\"}} {at}\n");
    let (cert, key) = pair_until(2031);
    folder.write(&cert, &key);
    let tls = folder.open().await.expect("a good pair");
    assert!(tls.metrics.text().contains(&line(1_924_992_000)), "{}", tls.metrics.text());
    // One that is over is served, or the log and the metric could not tell of it.
    let (cert, key) = pair_until(2021);
    folder.write(&cert, &key);
    assert!(tls.reload().await.expect("a new pair"));
    assert!(tls.metrics.text().contains(&line(1_609_459_200)), "{}", tls.metrics.text());
    folder.write(&cert, "junk");
    tls.reload().await.expect_err("no key");
    assert!(tls.metrics.text().contains(&line(1_609_459_200)), "the certificate in force stays");
}

#[test]
fn an_error_is_told_once_and_again_when_it_comes_back() {
    let gone = TlsError::Pem { path: "tls.key".into(), what: "private key" };
    let other = TlsError::Pem { path: "tls.crt".into(), what: "certificate" };
    let mut told = String::new();
    for (error, is_told) in [
        (Some(&gone), true),
        (Some(&gone), false),
        (Some(&other), true),
        (None, false),
        (Some(&other), true),
        (Some(&gone), true),
    ] {
        assert_eq!(news(&mut told, error).is_some(), is_told, "{error:?}");
    }
}

#[tokio::test]
async fn both_versions_are_spoken() {
    let folder = Folder::new();
    let (cert, key) = pair();
    folder.write(&cert, &key);
    let acceptor = folder.open().await.expect("a good pair").acceptor().expect("an acceptor");
    for version in [&TLS12, &TLS13] {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate(&cert)).expect("a root");
        let config = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[version])
            .expect("a version")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let (near, far) = tokio::io::duplex(64 * 1024);
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        let name = "localhost".try_into().expect("a name");
        let (client, server) = tokio::join!(connector.connect(name, near), acceptor.accept(far));
        let client = client.expect("the client is content");
        server.expect("the server is content");
        assert_eq!(client.get_ref().1.protocol_version(), Some(version.version));
    }
}
