//! A secret: the identity that Graph is called as, its credential, and its policy.

mod account_secret;
pub(crate) mod certificate;
mod credential;
mod der;
mod document;
mod error;
pub mod import;
mod key_material;
mod pem;
pub(crate) mod private_key;
pub(crate) mod rewrite;
#[cfg(test)]
mod tests;

pub use account_secret::{AccountSecret, is_name_in_a_path};
pub use credential::Credential;
pub use document::{MAX_SECRET_BYTES, SecretDocument};
pub use error::SecretError;
pub use key_material::KeyMaterialError;
pub use rewrite::with_refresh_token;
