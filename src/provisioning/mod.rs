//! One function per SCIM operation; knows no HTTP.
