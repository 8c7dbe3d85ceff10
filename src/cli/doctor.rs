//! `rollcall doctor`: what the library finds, printed.

use std::io::Write;

use jiff::Timestamp;

use super::progress::watched;
use super::{Error, print};
use crate::config::{DoctorArgs, InvalidFlag, LookArgs, OutputFormat, dns_label};
use crate::doctor::finding::FindingState;
use crate::doctor::{self, LookRequest, ProbeRequest};
use crate::store::{Settings, Store};

/// Examines a Directory and prints what was found; says whether nothing is wrong.
pub async fn doctor(arguments: &DoctorArgs, out: &mut impl Write) -> Result<bool, Error> {
    let DoctorArgs { directory, look, output, kubeconfig, context } = arguments;
    let (namespace, name) = directory_of(directory)?;
    let settings =
        Settings { kubeconfig: kubeconfig.clone(), context: context.clone(), namespaces: vec![namespace.clone()] };
    let store = Store::connect(settings).await.map_err(|error| Error::Look(error.to_string()))?;
    examine(&store, (&namespace, &name), look, *output, out).await
}

/// The same for a cluster that is connected already.
pub async fn examine(
    store: &Store,
    (namespace, directory): (&str, &str),
    look: &LookArgs,
    output: OutputFormat,
    out: &mut impl Write,
) -> Result<bool, Error> {
    let LookArgs { url, key_file, ca_file, operator_namespace } = look.clone();
    let probe = url.map(|url| ProbeRequest { url, key_file, authorities: ca_file });
    let request =
        LookRequest { namespace: namespace.to_owned(), directory: directory.to_owned(), operator_namespace, probe };
    let examined = watched("looking at the Directory", doctor::examine(store, &request, Timestamp::now())).await;
    let examination = examined.map_err(Error::Look)?;
    let text = match output {
        OutputFormat::Text => doctor::print::text(&examination),
        OutputFormat::Json => format!("{:#}\n", doctor::print::json(&examination)),
    };
    print(out, &text)?;
    Ok(examination.count(FindingState::Problem) == 0)
}

/// NAMESPACE/DIRECTORY.
fn directory_of(text: &str) -> Result<(String, String), Error> {
    let Some((namespace, name)) = text.split_once('/') else {
        let reason = format!("{text:?} is no NAMESPACE/DIRECTORY, such as acme/staff");
        return Err(InvalidFlag { flag: "directory", reason }.into());
    };
    Ok((dns_label("namespace", namespace)?, dns_label("directory", name)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_named_with_its_namespace() {
        assert_eq!(directory_of("acme/staff").expect("a name"), ("acme".to_owned(), "staff".to_owned()));
        for text in ["staff", "acme/", "/staff", "acme/staff/x", "Acme/staff"] {
            assert!(directory_of(text).is_err(), "{text}");
        }
    }
}
