//! An HTTP exchange: the request as it came in, and how the exchange ends.

use std::collections::BTreeMap;

use crate::wire::reply::Reply;

/// An HTTP request, read to its end.
pub(crate) struct Incoming {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// How an exchange ends.
pub(crate) enum Ending {
    Answer(Reply),
    /// The right headers, but only half of the body.
    Half(Reply),
    /// The connection is reset.
    Reset,
    /// No answer ever.
    Hang,
}
