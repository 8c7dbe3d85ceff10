use clap::CommandFactory as _;

use super::*;

fn read(arguments: &[&str]) -> Result<Config, String> {
    let cli = Cli::try_parse_from([&["rollcall", "run"], arguments].concat()).map_err(|error| error.to_string())?;
    let Command::Run(run) = cli.command else { panic!("run was asked for") };
    Config::read(*run).map_err(|error| error.to_string())
}

#[test]
fn the_definition_of_the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn without_flags_the_defaults_hold() {
    let config = read(&[]).expect("a configuration");
    assert_eq!(config.listen, "0.0.0.0:8080".parse().expect("an address"));
    assert_eq!(config.admin_listen, "0.0.0.0:9090".parse().expect("an address"));
    assert_eq!((config.public_url, config.tls, config.log_format), (None, None, LogFormat::Json));
    assert!(config.trusted_proxies.is_empty() && config.namespaces.is_empty());
    assert_eq!((config.traces, config.webhook), (None, None));
}

#[test]
fn lists_are_repeated_or_separated_by_commas() {
    let config =
        read(&["--namespace", "a,b", "--namespace", "c", "--trusted-proxies", "10.1.2.3/8, ::1"]).expect("lists");
    assert_eq!(config.namespaces, ["a", "b", "c"]);
    let networks: Vec<_> = config.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(networks, ["10.0.0.0/8", "::1/128"]);
    assert!(read(&["--namespace", ""]).expect("an empty variable is none").namespaces.is_empty());
}

#[test]
fn a_public_url_is_kept_without_its_last_slash() {
    for (given, kept) in [
        ("https://scim.example.com", "https://scim.example.com"),
        ("https://example.com/rollcall/", "https://example.com/rollcall"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ] {
        assert_eq!(read(&["--public-url", given]).expect(given).public_url.as_deref(), Some(kept));
    }
}

#[test]
fn a_wrong_value_is_one_line_that_names_its_flag() {
    for (arguments, flag) in [
        (&["--listen", "nowhere"][..], "--listen"),
        (&["--admin-listen", "1.2.3.4"], "--admin-listen"),
        (&["--trusted-proxies", "everybody"], "--trusted-proxies"),
        (&["--trusted-proxies", "10.0.0.0/8,10.0.0.0/33"], "--trusted-proxies"),
        (&["--public-url", "not a url"], "--public-url"),
        (&["--public-url", "scim.example.com"], "--public-url"),
        (&["--public-url", "ftp://example.com"], "--public-url"),
        (&["--public-url", "https://user@example.com"], "--public-url"),
        (&["--public-url", "https://example.com/?x"], "--public-url"),
        (&["--otlp-endpoint", "collector:4317"], "--otlp-endpoint"),
        (&["--otlp-endpoint", "/v1/traces"], "--otlp-endpoint"),
        (&["--webhook-url", "receiver"], "--webhook-url"),
        (&["--webhook-url", "/path"], "--webhook-url"),
        (&["--webhook-url", "ftp://receiver.example/"], "--webhook-url"),
        (&["--webhook-url", "https://"], "--webhook-url"),
        (&["--otlp-endpoint", "http://collector:4318", "--otlp-ratio", "10"], "--otlp-ratio"),
        (&["--otlp-endpoint", "http://collector:4318", "--otlp-ratio", "NaN"], "--otlp-ratio"),
        (&["--namespace", "Not_A_Name"], "--namespace"),
        (&["--lease-namespace", "Not_A_Name"], "--lease-namespace"),
        (&["--tls-cert", "/nowhere.pem"], "--tls-key"),
        (&["--tls-key", "/nowhere.pem"], "--tls-cert"),
        (&["--log-format", "xml"], "--log-format"),
        (&["--log-level", "rollcall=loud"], "--log-level"),
        (&["--log-level", "warning"], "--log-level"),
        (&["--log-level", "info, loud"], "--log-level"),
        (&["--allowed-authority-hosts", "https://login.example.com"], "--allowed-authority-hosts"),
        (&["--allowed-authority-hosts", "login.example.com,*.example.com"], "--allowed-authority-hosts"),
        (&["--allowed-authority-hosts", "login.example.com/tenant"], "--allowed-authority-hosts"),
        (&["--allowed-authority-hosts", "ada@login.example.com"], "--allowed-authority-hosts"),
        (&["--allowed-authority-hosts", "login.example.com:https"], "--allowed-authority-hosts"),
        (&["--https-proxy", "https://proxy.example.com:3128"], "--https-proxy"),
        (&["--https-proxy", "socks5://proxy.example.com"], "--https-proxy"),
        (&["--https-proxy", "http://"], "--https-proxy"),
    ] {
        let error = read(arguments).expect_err(flag);
        assert!(error.contains(flag), "{arguments:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn a_password_in_a_url_is_not_repeated() {
    for url in ["https://ada:s3cret@example.com", "https://s3cret@example.com/x"] {
        let error = read(&["--public-url", url]).expect_err(url);
        assert!(error.contains("--public-url") && !error.contains("s3cret"), "{error}");
    }
    for url in ["https://ada:s3cret@proxy.example.com", "ada:s3cret@proxy example"] {
        let error = read(&["--https-proxy", url]).expect_err(url);
        assert!(error.contains("--https-proxy") && !error.contains("s3cret"), "{error}");
    }
    let url = "http://ada:s3cret@proxy.example.com:3128";
    let config = read(&["--https-proxy", url]).expect("a proxy with a password");
    assert_eq!(config.login.proxy.as_ref().map(|proxy| proxy.url.as_str()), Some(url));
    let cli = Cli::try_parse_from(["rollcall", "run", "--https-proxy", url]).expect("arguments");
    for printed in [format!("{config:?}"), format!("{cli:?}")] {
        assert!(printed.contains("proxy") && !printed.contains("s3cret"), "{printed}");
    }
}

#[test]
fn only_the_hosts_of_entra_may_be_asked_unless_others_are_named() {
    let hosts = |arguments: &[&str]| read(arguments).expect("hosts").login.allowed_authority_hosts;
    let entra =
        ["login.microsoftonline.com:443", "login.microsoftonline.us:443", "login.partner.microsoftonline.cn:443"];
    assert_eq!(hosts(&[]), entra);
    let named = ["--allowed-authority-hosts", "Login.Example.com, keycloak.example.com:8443,[::1]:9,127.0.0.1:80"];
    let expected = ["login.example.com:443", "keycloak.example.com:8443", "[::1]:9", "127.0.0.1:80"];
    assert_eq!(hosts(&named), expected);
    assert!(!read(&[]).expect("defaults").login.private_authorities);
    assert!(read(&["--private-authorities"]).expect("a flag").login.private_authorities);
}

#[test]
fn the_proxy_is_that_of_the_flag_or_else_that_of_the_environment() {
    let proxy = |arguments: &[&str], variables: &[(&str, &str)]| {
        let cli = Cli::try_parse_from([&["rollcall", "run"], arguments].concat()).expect("arguments");
        let Command::Run(run) = cli.command else { panic!("run was asked for") };
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
        let proxy = LoginConfig::read(run.login, variable).expect("a configuration").proxy;
        proxy.map(|proxy| (proxy.url, proxy.no_proxy))
    };
    let found = |url: &str, no_proxy: &str| Some((url.to_owned(), no_proxy.to_owned()));
    let environment = [("HTTPS_PROXY", "http://env:1"), ("https_proxy", "http://lower:1"), ("NO_PROXY", ".svc")];
    for (case, arguments, variables, expected) in [
        ("none", &[][..], &[][..], None),
        ("the environment's", &[], &environment[..], found("http://env:1", ".svc")),
        ("the environment's in lower case", &[], &environment[1..2], found("http://lower:1", "")),
        ("the flag's", &["--https-proxy", "http://flag:1"], &environment[..], found("http://flag:1", ".svc")),
        ("both flags'", &["--https-proxy", "flag:1", "--no-proxy", "x"], &environment[..], found("http://flag:1", "x")),
        ("an empty variable", &[], &[("HTTPS_PROXY", " ")][..], None),
        ("an empty flag", &["--https-proxy", ""], &[][..], None),
    ] {
        assert_eq!(proxy(arguments, variables), expected, "{case}");
    }
}

#[test]
fn the_file_of_the_termination_message_is_found_beside_what_is_wrong() {
    for (arguments, found) in [
        (&["run", "--termination-message-file", "/dev/m"][..], true),
        (&["run", "--termination-message-file=/dev/m", "--listen", "nowhere"], true),
        (&["run", "--colour", "--termination-message-file", "/dev/m"], true),
        (&["run", "--colour", "blue", "--termination-message-file=/dev/m"], true),
        (&["run", "--termination-message-file", "/dev/m", "--tls-cert"], true),
        (&["run", "word", "--termination-message-file", "/dev/m"], true),
        (&["--colour", "run", "--termination-message-file=/dev/m"], true),
        (&["run", "--listen", "nowhere"], false),
        (&["key", "new", "--colour", "--termination-message-file", "/dev/m"], false),
        (&["--colour", "key", "run", "--termination-message-file", "/dev/m"], false),
        (&["self-test", "--termination-message-file=/dev/m"], false),
        (&["--termination-message-file=/dev/m"], false),
        (&["run", "--termination-message-file"], false),
        (&["crds"], false),
        (&[], false),
    ] {
        let arguments = [&["rollcall"], arguments].concat();
        let file = termination_message_file(arguments.iter().map(Into::into));
        assert_eq!(file, found.then(|| PathBuf::from("/dev/m")), "{arguments:?}");
    }
}

#[test]
fn every_flag_of_run_has_its_environment_variable() {
    let command = Cli::command();
    let run = command.find_subcommand("run").expect("run");
    for flag in run.get_arguments().filter(|flag| flag.get_id() != "help") {
        let name = flag.get_long().expect("every argument is a flag");
        let variable = format!("ROLLCALL_{}", name.replace('-', "_").to_uppercase());
        assert_eq!(flag.get_env().and_then(|name| name.to_str()), Some(variable.as_str()));
    }
}
