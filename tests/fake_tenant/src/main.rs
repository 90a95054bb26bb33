//! A fake tenant on its own, for what runs outside this process: prints where it listens and the secrets of three
//! accounts as one JSON line, and serves until standard input ends.

use std::io::Read;
use std::sync::Arc;

use anyhow::Context;
use fake_tenant::{App, FakeTenant, SystemClock, Tenant, User};
use serde_json::json;

const TENANT: &str = "2c9f4a06-51d8-4b0e-8d0f-7b3a5c1e9d42";
const DOMAIN: &str = "fabrikam.onmicrosoft.com";
const USER: &str = "adele@fabrikam.onmicrosoft.com";
const APP: &str = "8e0c6f0a-3d2b-4f5e-9a41-0d7c2b6e5f01";
const PUBLIC_APP: &str = "8e0c6f0a-3d2b-4f5e-9a41-0d7c2b6e5f02";

#[allow(clippy::print_stdout, reason = "standard output is what this program is for")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let tenant = FakeTenant::start(Arc::new(SystemClock), 1).await.context("starting the fake tenant")?;
    tenant.set_recording(false);
    tenant.add_tenant(
        Tenant::new(TENANT, DOMAIN)
            .with_user(User::new(USER, "correct horse"))
            .with_app(App::confidential(APP, "right-secret"))
            .with_app(App::public(PUBLIC_APP)),
    );
    let refresh_token = tenant.issue_refresh_token(TENANT, PUBLIC_APP, USER);
    let listing = json!({
        "endpoint": tenant.endpoint(),
        "secrets": {
            "app-only": {"tenant_id": TENANT, "client_id": APP, "client_secret": "right-secret", "user_id": USER},
            "delegated": {"tenant_id": TENANT, "client_id": PUBLIC_APP, "refresh_token": refresh_token},
            "wrong-secret": {"tenant_id": TENANT, "client_id": APP, "client_secret": "mistyped", "user_id": USER},
        },
    });
    println!("{listing}");
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}
