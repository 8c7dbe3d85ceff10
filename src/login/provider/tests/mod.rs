//! The relying party against a provider that the tests play: its tokens, its documents and its faults.

mod entra;
mod faults;
mod logins;
mod server;
mod signer;
mod tokens;
