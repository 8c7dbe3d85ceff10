//! The pages that people see, as values that become HTML. Nothing is decided and nothing is fetched here.
