//! A row of the table: a code, its class, kind, cause and remedy.

use crate::domain::cause::kind::CauseKind;
use crate::domain::language::Text;

/// What the program does about a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::domain::cause) enum LoginClass {
    /// Only a change of the secret, the app, the user or the tenant helps: some runs in a row pause the account.
    Misconfigured,
    /// Trying again soon makes it worse (lockout, request loop).
    LongBackoff,
    /// What was set up lately may take minutes to be known everywhere.
    NotYet,
    /// The next run may well succeed.
    Transient,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::domain::cause) struct LoginCode {
    pub code: u32,
    pub class: LoginClass,
    pub kind: CauseKind,
    /// A clause without a capital and without a full stop.
    pub what: Text,
    /// A sentence without its full stop.
    pub remedy: Text,
}

pub(super) const fn misconfigured(code: u32, kind: CauseKind, what: Text, remedy: Text) -> LoginCode {
    LoginCode { code, class: LoginClass::Misconfigured, kind, what, remedy }
}

pub(super) const fn long_backoff(code: u32, kind: CauseKind, what: Text, remedy: Text) -> LoginCode {
    LoginCode { code, class: LoginClass::LongBackoff, kind, what, remedy }
}

pub(super) const fn not_yet(code: u32, kind: CauseKind, what: Text, remedy: Text) -> LoginCode {
    LoginCode { code, class: LoginClass::NotYet, kind, what, remedy }
}

pub(super) const fn transient(code: u32, kind: CauseKind, what: Text, remedy: Text) -> LoginCode {
    LoginCode { code, class: LoginClass::Transient, kind, what, remedy }
}
