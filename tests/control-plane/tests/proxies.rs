//! Each of the proxies starts with a small configuration, passes a request on, and refuses a configuration that is wrong.

#[path = "../../it/support/wait.rs"]
#[allow(dead_code, reason = "the operator's tests wait for more than these")]
mod wait;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use control_plane::Proxy;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A small configuration of each, which passes everything on.
fn write(proxy: Proxy, folder: &Path, listen: SocketAddr, application: SocketAddr) -> PathBuf {
    let (port, shown) = (listen.port(), folder.display());
    let text = match proxy {
        Proxy::Nginx => format!(
            "pid {shown}/nginx.pid;\nevents {{}}\nhttp {{\n    access_log off;\n    client_body_temp_path {shown}/body;\n    \
             proxy_temp_path {shown}/proxy;\n    fastcgi_temp_path {shown}/fastcgi;\n    uwsgi_temp_path {shown}/uwsgi;\n    \
             scgi_temp_path {shown}/scgi;\n    server {{\n        listen {listen};\n        location / {{ proxy_pass \
             http://{application}; }}\n    }}\n}}\n"
        ),
        Proxy::Caddy => {
            format!("http://127.0.0.1:{port} {{\n\tbind 127.0.0.1\n\treverse_proxy {application}\n}}\n")
        }
        Proxy::HAProxy => format!(
            "defaults\n    mode http\n    timeout client 10s\n    timeout connect 10s\n    timeout server 10s\nfrontend front\n    \
             bind {listen}\n    default_backend back\nbackend back\n    server application {application}\n"
        ),
        Proxy::Traefik => {
            let routes = folder.join("routes.yaml");
            let text = format!(
                "http:\n  routers:\n    all: {{rule: 'PathPrefix(`/`)', service: application}}\n  services:\n    application: \
                 {{loadBalancer: {{servers: [{{url: 'http://{application}'}}]}}}}\n"
            );
            std::fs::write(&routes, text).expect("a file");
            format!(
                "entryPoints: {{web: {{address: '{listen}'}}}}\nproviders: {{file: {{filename: '{}'}}}}\n",
                routes.display()
            )
        }
        Proxy::Envoy => format!(
            r#"
static_resources:
  listeners:
    - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
      filter_chains:
        - filters:
            - name: http
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: http
                route_config: {{virtual_hosts: [{{name: all, domains: ["*"], routes: [{{match: {{prefix: /}}, route: {{cluster: application}}}}]}}]}}
                http_filters:
                  - name: router
                    typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
  clusters:
    - name: application
      load_assignment:
        cluster_name: application
        endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {}}}}}}}}}]}}]
"#,
            application.port()
        ),
    };
    // These two tell formats by the end of a name.
    let ending = if matches!(proxy, Proxy::Traefik | Proxy::Envoy) { "yaml" } else { "conf" };
    let path = folder.join(format!("{}.{ending}", proxy.name()));
    std::fs::write(&path, text).expect("a file");
    path
}

/// An application that says the same to everybody.
async fn application() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                    let mut buffer = [0; 4096];
                    match stream.read(&mut buffer).await {
                        Ok(read) if read > 0 => head.extend_from_slice(&buffer[..read]),
                        _ => return,
                    }
                }
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 15\r\nconnection: close\r\n\r\nthe application";
                drop(stream.write_all(answer).await);
            });
        }
    });
    address
}

async fn get(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(format!("GET / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

/// A port that nobody uses at this moment.
async fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    listener.local_addr().expect("an address")
}

#[tokio::test]
#[ignore = "downloads and builds programs; the lane of the doors runs it"]
async fn every_proxy_passes_requests_on() {
    let application = application().await;
    for proxy in Proxy::ALL {
        let folder = tempfile::tempdir().expect("a folder");
        let listen = free_address().await;
        let configuration = write(proxy, folder.path(), listen, application);
        proxy.check(&configuration).unwrap_or_else(|error| panic!("{error}"));
        let running = proxy.start(&configuration, listen).await.unwrap_or_else(|error| panic!("{error}"));
        // Some listen before they know where to pass a request on.
        let passed = async || get(listen).await.is_ok_and(|answer| answer.ends_with("the application")).then_some(());
        let waited = wait::within(std::time::Duration::from_secs(20), passed).await;
        assert!(waited.is_some(), "{proxy:?}: {:?}\n{}", get(listen).await, running.log());
    }
}

#[tokio::test]
#[ignore = "downloads and builds programs; the lane of the doors runs it"]
async fn a_wrong_configuration_is_refused_in_the_words_of_the_proxy() {
    for proxy in Proxy::ALL.into_iter().filter(|proxy| *proxy != Proxy::Traefik) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("wrong.conf");
        std::fs::write(&path, "nonsense: {\n").expect("a file");
        let error = proxy.check(&path).expect_err("it is nonsense").to_string();
        assert!(error.contains("does not accept") && error.contains(proxy.name()), "{proxy:?}: {error}");
    }
}
