//! Names are looked up in the image: a pod that is given the API server by name becomes ready.
//!
//! The cluster has no DNS of its own, so this answers, at the address that the kubelet tells pods, for the two Services that pods
//! of this lane call by name.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use control_plane::node::ADDRESS;
use serde_json::json;
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use crate::cluster::{Cluster, NAMESPACE, RELEASE};
use crate::wrong;

/// How a client in the cluster calls the API server; its certificate has this name.
const API_SERVER: &str = "kubernetes.default.svc";
const SUFFIX: &str = "cluster.local";
/// The address of that Service.
const API_SERVER_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
/// A (RFC 1035 section 3.2.2).
const TYPE_A: u16 = 1;
const HEADER: usize = 12;

/// Names as pods ask for them, with their addresses.
type Names = BTreeMap<String, Ipv4Addr>;

/// Answers until the task is aborted.
pub(crate) async fn serve(cluster: &Cluster<'_>) -> JoinHandle<()> {
    let service = cluster.get(NAMESPACE, &["service", RELEASE]).await;
    let address = service["spec"]["clusterIP"].as_str().and_then(|address| address.parse().ok());
    let names = Names::from([
        (format!("{API_SERVER}.{SUFFIX}"), API_SERVER_ADDRESS),
        (format!("{RELEASE}.{NAMESPACE}.svc.{SUFFIX}"), address.expect("the address of the Service")),
    ]);
    let socket = UdpSocket::bind((ADDRESS, 53)).await.expect("the port for names");
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            if let Some(answer) = answer(&names, &buffer[..length]) {
                drop(socket.send_to(&answer, from).await);
            }
        }
    })
}

pub(crate) async fn run(cluster: &Cluster<'_>) {
    let mut pod = wrong::pod(cluster, "by-name").await;
    let container = &mut pod["spec"]["containers"][0];
    wrong::push(&mut container["env"], [json!({ "name": "KUBERNETES_SERVICE_HOST", "value": API_SERVER })]);
    cluster.apply(&pod).await;
    let waited = cluster
        .try_kubectl(&["-n", NAMESPACE, "wait", "--for=condition=Ready", "--timeout=60s", "pod/by-name"], None)
        .await;
    if let Err(error) = waited {
        panic!("a pod does not find the API server by name: {error}\n{}", cluster.pods_described().await);
    }
    println!("   a pod found {API_SERVER} by name");
    wrong::delete(cluster, "by-name").await;
}

/// The answer to a query with one question (RFC 1035 section 4): an address for a name that is known, and that there is no
/// such name for every other one.
fn answer(names: &Names, query: &[u8]) -> Option<Vec<u8>> {
    let mut labels = Vec::new();
    let mut at = HEADER;
    loop {
        let length = usize::from(*query.get(at)?);
        let label = query.get(at + 1..at + 1 + length)?;
        at += 1 + length;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(label).to_lowercase());
    }
    let question = query.get(HEADER..at + 4)?;
    let kind = u16::from_be_bytes([query[at], query[at + 1]]);
    let known = names.get(&labels.join("."));
    let address = known.filter(|_| kind == TYPE_A);
    // An answer, with authority, to a query that wanted recursion and has it; the code 3 is "no such name".
    let mut answer = query[..2].to_vec();
    answer.extend([0x85, if known.is_some() { 0x80 } else { 0x83 }, 0, 1, 0, u8::from(address.is_some()), 0, 0, 0, 0]);
    answer.extend(question);
    if let Some(address) = address {
        // The name stands at offset 12; type A, class IN, 5 s, 4 bytes.
        answer.extend([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4]);
        answer.extend(address.octets());
    }
    Some(answer)
}
