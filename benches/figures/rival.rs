//! oauth2-proxy with a session in its cookie, asked the same question by the same client: `/oauth2/auth`.

use anyhow::{Context as _, Result, ensure};
use control_plane::{Process, oauth2_proxy};
use tempfile::TempDir;

use crate::support::{client, until};

/// A person who signs in with a password: the benchmark needs a session and no provider.
const HTPASSWD: &str = "ada:{SHA}MJgvYgf2tRctgBqviyzN0HpBdyY=\n";
const FORM: &str = "username=ada&password=lovelace&rd=/";

/// A running oauth2-proxy, and the cookie of a session with it. It ends with this value.
pub(crate) struct Rival {
    _process: Process,
    pub(crate) url: String,
    pub(crate) cookie: String,
    _folder: TempDir,
}

impl Rival {
    pub(crate) async fn start() -> Result<Self> {
        let program = tokio::task::spawn_blocking(oauth2_proxy).await??;
        let folder = tempfile::tempdir()?;
        let passwords = folder.path().join("htpasswd");
        std::fs::write(&passwords, HTPASSWD)?;
        // Held until the program starts: it takes a port and not the listener.
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = vec![program.into_os_string()];
        for (flag, value) in [
            ("provider", "github"),
            ("client-id", "none"),
            ("client-secret", "none"),
            ("cookie-secret", "0123456789abcdef0123456789abcdef"),
            ("cookie-secure", "false"),
            ("email-domain", "*"),
            ("upstream", "static://202"),
            ("http-address", &format!("127.0.0.1:{port}")),
            ("reverse-proxy", "true"),
            ("trusted-proxy-ip", "127.0.0.1/32"),
            ("set-xauthrequest", "true"),
            ("htpasswd-file", &passwords.display().to_string()),
            ("request-logging", "false"),
            ("auth-logging", "false"),
            ("standard-logging", "false"),
        ] {
            command.push(format!("--{flag}={value}").into());
        }
        let process = Process::start("oauth2-proxy", &command, folder.path())?;
        let url = format!("http://127.0.0.1:{port}");
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
        let answer = until("oauth2-proxy to sign somebody in", async || {
            let request = http.post(format!("{url}/oauth2/sign_in")).body(FORM);
            request.header("content-type", "application/x-www-form-urlencoded").send().await.ok()
        })
        .await;
        let cookie = answer.headers().get("set-cookie").context("a session")?.to_str()?;
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        let status = client::http().get(format!("{url}/oauth2/auth")).header("cookie", &cookie).send().await?.status();
        ensure!(status == 202, "oauth2-proxy does not take its own session: {status}");
        Ok(Self { _process: process, url, cookie, _folder: folder })
    }
}
