//! The one stylesheet. It stands in each page, so that a page is one request, and the policy allows it by its digest.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

/// The stylesheet.
pub(super) const TEXT: &str = include_str!("../../templates/style.css");

/// How a Content-Security-Policy names it: `sha256-` and the digest in base64.
pub(super) fn digest() -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(TEXT)))
}
