//! What the programs of a node are told. All that they write stays in the folder of the node or in folders that only the node
//! sees.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{ADDRESS, NAME, PAUSE_IMAGE, PODS};
use crate::debian::Packages;
use crate::error::Error;

/// Writes the configuration of containerd, of its network plugins, of the kubelet and of kube-proxy.
pub(super) fn write(folder: &Path, packages: &Packages) -> Result<(), Error> {
    fs::create_dir_all(folder.join("cni"))?;
    fs::write(folder.join("cni/10-node.conflist"), network().to_string())?;
    fs::write(folder.join("containerd.toml"), containerd(folder, packages)?)?;
    fs::write(folder.join("kubelet.json"), kubelet(folder).to_string())?;
    fs::write(folder.join("kube-proxy.json"), proxy(folder).to_string())?;
    Ok(())
}

/// Pods on one bridge, whose address in their network is the node's.
fn network() -> Value {
    json!({ "cniVersion": "0.4.0", "name": "node", "plugins": [{
        "type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
        "ipam": { "type": "host-local", "ranges": [[{ "subnet": PODS }]], "routes": [{ "dst": "0.0.0.0/0" }] },
    }] })
}

/// In the second version of the format, which Debian's containerd reads.
///
/// `restrict_oom_score_adj`: without CAP_SYS_RESOURCE, as in many containers and machines of continuous integration, no
/// sandbox could start.
fn containerd(folder: &Path, packages: &Packages) -> Result<String, Error> {
    let folder = folder.display();
    let (runc, plugins) = (packages.program("runc")?, packages.path("/usr/lib/cni"));
    let (runc, plugins) = (runc.display(), plugins.display());
    Ok(format!(
        r#"version = 2
root = "{folder}/containerd"
state = "{folder}/containerd-state"
[grpc]
address = "{folder}/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
path = "{folder}/opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE_IMAGE}"
restrict_oom_score_adj = true
disable_apparmor = true
netns_mounts_under_state_dir = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{plugins}"
conf_dir = "{folder}/cni"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
BinaryName = "{runc}"
"#
    ))
}

/// It listens in the network of the node alone, so whoever reaches it may use it. It takes a cgroup v1 machine and one with
/// swap, changes no limits of the machine, and never evicts: the machine's disk is not the node's.
fn kubelet(folder: &Path) -> Value {
    let never = "0%";
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": format!("unix://{}/containerd.sock", folder.display()),
        "cgroupDriver": "cgroupfs", "cgroupsPerQOS": false, "enforceNodeAllocatable": [], "failCgroupV1": false,
        "failSwapOn": false, "makeIPTablesUtilChains": false, "oomScoreAdj": 0, "resolvConf": "",
        "clusterDomain": "cluster.local", "clusterDNS": [ADDRESS],
        "evictionHard": {
            "memory.available": never, "nodefs.available": never, "nodefs.inodesFree": never, "imagefs.available": never,
            "imagefs.inodesFree": never,
        },
        // Images are imported; one that goes cannot be pulled again.
        "imageGCHighThresholdPercent": 100, "imageGCLowThresholdPercent": 99,
        "podLogsDir": folder.join("pod-logs"), "volumePluginDir": folder.join("volume-plugins"),
        "authentication": { "anonymous": { "enabled": true }, "webhook": { "enabled": false } },
        "authorization": { "mode": "AlwaysAllow" },
    })
}

/// In a child of the machine's network namespace the settings of connection tracking cannot be written: 0 leaves them alone.
fn proxy(folder: &Path) -> Value {
    json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration",
        "mode": "nftables", "hostnameOverride": NAME, "clusterCIDR": PODS,
        "clientConnection": { "kubeconfig": folder.join("kube-proxy.kubeconfig") },
        "conntrack": { "maxPerCore": 0, "min": 0 },
        "nodePortAddresses": [format!("{ADDRESS}/32")],
    })
}
