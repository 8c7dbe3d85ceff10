//! Clusters that reach the provider by a proxy alone.

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::support::login::{Browser, Company, own_site_with};

/// The page that was asked for.
const DEEP_LINK: &str = "https://wiki.contoso.example/page";

/// A proxy as companies have it (RFC 9110 section 9.3.6): it connects a client to the host that the client names. It ends with
/// the runtime of its test.
struct EgressProxy {
    address: SocketAddr,
    /// The heads of the requests that it was sent.
    heads: Arc<Mutex<Vec<String>>>,
}

impl EgressProxy {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let proxy = Self { address: listener.local_addr().expect("an address"), heads: Arc::default() };
        let heads = Arc::clone(&proxy.heads);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, Arc::clone(&heads)));
            }
        });
        proxy
    }
}

async fn pass(client: TcpStream, heads: Arc<Mutex<Vec<String>>>) -> std::io::Result<()> {
    let mut client = BufReader::new(client);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if client.read_line(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let host = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()).unwrap_or_default().to_owned();
    heads.lock().push(head);
    let Ok(mut provider) = TcpStream::connect(host).await else {
        return client.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n").await;
    };
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    copy_bidirectional(&mut client, &mut provider).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_reached_by_the_proxy_and_by_nothing_else() {
    let proxy = EgressProxy::start().await;
    let url = format!("http://rollcall:passw0rd@{}", proxy.address);
    let Some(site) = own_site_with(&["--https-proxy", &url]).await else { return };
    let company = Company::at(site, json!({})).await;
    let (_, upn, _) = company.person("ada").await;
    let end = Browser::new(&company, 0).follow(&company.start_at("wiki", Some(DEEP_LINK)), Some(&upn)).await;
    assert_eq!(end.application(), DEEP_LINK);
    let heads = proxy.heads.lock().clone();
    let host = site.provider.origin().replace("https://", "");
    assert!(!heads.is_empty());
    for head in &heads {
        assert!(head.starts_with(&format!("CONNECT {host} ")), "{head}");
        assert!(head.to_lowercase().contains("proxy-authorization: basic "), "the proxy's own password: {head}");
    }
    assert!(!site.replicas[0].log().contains("passw0rd"), "the password of the proxy is in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_needs_no_proxy_is_reached_without_it() {
    let proxy = EgressProxy::start().await;
    let url = format!("http://{}", proxy.address);
    let Some(site) = own_site_with(&["--https-proxy", &url, "--no-proxy", "127.0.0.0/8,localhost"]).await else {
        return;
    };
    let company = Company::at(site, json!({})).await;
    let (_, upn, _) = company.person("ada").await;
    let end = Browser::new(&company, 0).follow(&company.start_at("wiki", Some(DEEP_LINK)), Some(&upn)).await;
    assert_eq!(end.application(), DEEP_LINK);
    assert_eq!(*proxy.heads.lock(), Vec::<String>::new());
}
