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
        (&["--namespace", "Not_A_Name"], "--namespace"),
        (&["--lease-namespace", "Not_A_Name"], "--lease-namespace"),
        (&["--tls-cert", "/nowhere.pem"], "--tls-key"),
        (&["--tls-key", "/nowhere.pem"], "--tls-cert"),
        (&["--log-format", "xml"], "--log-format"),
        (&["--log-level", "rollcall=loud"], "--log-level"),
        (&["--log-level", "warning"], "--log-level"),
        (&["--log-level", "info, loud"], "--log-level"),
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
