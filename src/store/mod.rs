//! The only owner of the Kubernetes client.
