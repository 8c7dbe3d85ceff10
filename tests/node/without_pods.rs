//! The chart without a node: it is installed into a control plane where no pod runs, and the command of its pods runs as a process
//! with a token of its account. This proves rights, arguments and environment, and nothing of image, probes, mounts and Service.

use std::ffi::OsString;

use control_plane::Process;
use serde_json::{Value, json};

use crate::client;
use crate::cluster::{Cluster, NAMESPACE, RELEASE, chart};
use crate::wait::until;

/// Where the process listens is this test's to say, and there is no Secret to read a certificate from.
const REPLACED: [&str; 4] = ["--listen", "--admin-listen", "--tls-", "--addresses-file"];

pub(crate) async fn run() {
    println!("== the chart without pods");
    let cluster = Cluster::new(control_plane::shared().await).await;
    cluster.make_namespaces().await;
    cluster.helm(&["install", RELEASE, &chart()]).await;
    let deployment = cluster.get(NAMESPACE, &["deployment", RELEASE]).await;
    let pod = &deployment["spec"]["template"]["spec"];
    let account = pod["serviceAccountName"].as_str().expect("the pods have an account");
    let kubeconfig = cluster.plane.service_account_kubeconfig(NAMESPACE, account).await.expect("a token");

    let folder = tempfile::tempdir().expect("a folder");
    let addresses = folder.path().join("addresses.json");
    let container = &pod["containers"][0];
    let mut command: Vec<OsString> = vec!["env".into()];
    let variables = container["env"].as_array().cloned().unwrap_or_default();
    command.extend(variables.iter().filter_map(|variable| {
        let (name, value) = (variable["name"].as_str()?, variable["value"].as_str()?);
        // A path of the container; here it is one of this test.
        let value =
            if name.ends_with("_FILE") { folder.path().join(name).display().to_string() } else { value.to_owned() };
        Some(format!("{name}={value}").into())
    }));
    command.push(env!("CARGO_BIN_EXE_rollcall").into());
    let arguments = container["args"].as_array().expect("the container has arguments").iter().filter_map(Value::as_str);
    command.extend(arguments.filter(|one| !REPLACED.iter().any(|flag| one.starts_with(flag))).map(OsString::from));
    command.extend(["--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"].map(OsString::from));
    for (flag, path) in [("--addresses-file", &addresses), ("--kubeconfig", &kubeconfig)] {
        command.extend([flag.into(), path.clone().into_os_string()]);
    }
    println!("   {}", command.iter().skip(1).map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" "));
    let process = Process::start("rollcall", &command, folder.path()).expect("the operator starts");

    let http = client::http();
    let base = until("the operator to be ready", async || {
        let addresses: Value = serde_json::from_slice(&std::fs::read(&addresses).ok()?).ok()?;
        let ready = format!("http://{}/readyz", addresses["admin"].as_str()?);
        let answer = http.get(ready).send().await.ok()?;
        (answer.status() == 200).then(|| format!("http://{}", addresses["public"].as_str().unwrap_or_default()))
    })
    .await;
    cluster.make_directory().await;
    let client = cluster.client(&base).await;
    let id = client.create(&json!({ "userName": "ada@contoso.example", "active": true })).await;
    assert_eq!(client.get(&format!("/Users/{id}")).await.expect(200)["userName"], "ada@contoso.example");
    assert_eq!(cluster.people().await.len(), 1, "{}", process.log());
}
