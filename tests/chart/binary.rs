//! The pods' commands fit the binary: a flag that is renamed, or a default that moves, fails here.

use clap::Parser as _;
use rollcall::config::{Cli, Command, Config};
use serde_json::{Value, json};

use crate::render::{find, of_kind, render};
use crate::variants::variants;

/// The arguments of the only container of a pod, as the binary reads them.
fn command(pod: &Value) -> Command {
    let container = &pod["containers"][0];
    assert!(container.get("command").is_none(), "the image says which program runs");
    let arguments = container["args"].as_array().expect("arguments");
    let arguments = arguments.iter().map(|argument| argument.as_str().expect("a text"));
    let cli = Cli::try_parse_from(std::iter::once("rollcall").chain(arguments));
    cli.unwrap_or_else(|error| panic!("{}: {error}", container["args"])).command
}

#[test]
fn the_binary_takes_the_arguments_of_every_variant() {
    for (name, values) in variants() {
        let objects = render(&values);
        let deployment = of_kind(&objects, "Deployment").remove(0);
        let pod = &deployment["spec"]["template"]["spec"];
        let Command::Run(arguments) = command(pod) else { panic!("{name}: the pods run the operator") };
        let config = Config::read(*arguments).unwrap_or_else(|error| panic!("{name}: {error}"));
        let port = |number: usize| json!(pod["containers"][0]["ports"][number]["containerPort"]);
        assert_eq!(port(0), config.listen.port(), "{name}: scim");
        assert_eq!(port(1), config.admin_listen.port(), "{name}: admin");
        assert_eq!(config.tls.is_some(), values["tls"].is_object(), "{name}");
        assert_eq!(json!(config.namespaces), values.get("namespaces").cloned().unwrap_or_else(|| json!([])), "{name}");
    }
}

#[test]
fn the_binary_takes_the_arguments_of_helm_test() {
    let cases = [
        (json!({}), "http://rollcall.rollcall-system.svc:80", "rollcall-system", None),
        (
            json!({ "namespaces": ["acme"], "tls": { "secretName": "t" } }),
            "https://rollcall.rollcall-system.svc:443",
            "acme",
            Some("/etc/rollcall/tls/tls.crt"),
        ),
    ];
    for (values, url, namespace, tls) in cases {
        let objects = render(&values);
        let pod = find(&objects, "Pod", "rollcall-test").expect("a pod");
        let Command::SelfTest(arguments) = command(&pod["spec"]) else { panic!("the pod tests the installation") };
        assert_eq!((arguments.service_url.as_str(), arguments.namespace.as_str()), (url, namespace));
        assert_eq!(arguments.admin_url, "http://rollcall.rollcall-system.svc:9090");
        assert_eq!(arguments.tls_cert.as_deref().map(|path| path.to_str().expect("a path")), tls);
    }
}
