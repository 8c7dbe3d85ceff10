//! Between SCIM attributes and the `spec.scim` of an object.
