//! The state of the fake: tenants with their objects, tokens, faults, throttles, and the record of all requests.

pub(crate) mod fault;
pub(crate) mod ids;
pub(crate) mod issued;
pub(crate) mod recorded;
pub(crate) mod service_state;
pub(crate) mod shared;
pub(crate) mod store;
pub(crate) mod tenant;
pub(crate) mod tenant_state;
pub(crate) mod throttle;
