//! The HTTP stack: a single reqwest client, with ring and the Mozilla roots, for Entra, Graph and the AWS SDK alike.
//!
//! One pool and one TLS configuration cost a fraction of the SDK's own stack at a cold start. [`SdkHttp`] lets the SDK
//! use it.

use std::{sync::Arc, time::Duration};

use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_runtime_api::{
    client::{
        http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    shared::IntoShared,
};
use aws_smithy_types::{body::SdkBody, retry::RetryConfig};
use reqwest::{Body, Client, Response, Url, redirect};
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::CertificateDer};
use thiserror::Error;

/// Timeouts of the client.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For TCP and TLS together.
    pub connect: Duration,
    /// From the first byte sent to the last byte of the answer's body.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), total: Duration::from_secs(30) }
    }
}

/// Servers close idle connections after 20 s or more; one that we close first is never found dead. The same bound keeps
/// connections opened before a Lambda sandbox froze from being used after.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(15);

#[derive(Debug, Error)]
pub enum ClientError {
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    #[error("the HTTP client cannot be set up")]
    Client(#[from] reqwest::Error),
}

/// The client that everything shares. Redirects are not followed: a redirect must never carry a token or a secret to a
/// host that is not configured. Proxies of the environment are ignored for the same reason.
pub fn client(timeouts: Timeouts) -> Result<Client, ClientError> {
    client_through(timeouts, Route::default())
}

/// The way to the services, where it is not the direct one. Only the local program has another.
#[derive(Clone, Debug, Default)]
pub struct Route {
    pub proxies: Vec<reqwest::Proxy>,
    /// Certificate authorities beside Mozilla's.
    pub extra_roots: Vec<CertificateDer<'static>>,
}

/// As [`client`], by this route.
///
/// # Errors
/// Also a certificate that cannot be used.
pub fn client_through(timeouts: Timeouts, route: Route) -> Result<Client, ClientError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() };
    for certificate in route.extra_roots {
        roots.add(certificate)?;
    }
    let mut tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // reqwest leaves a given configuration as it is: without this, HTTP/2 is never offered.
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];

    let direct = Client::builder().tls_backend_preconfigured(tls).redirect(redirect::Policy::none()).no_proxy();
    Ok(route
        .proxies
        .into_iter()
        .fold(direct, reqwest::ClientBuilder::proxy)
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.total)
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .user_agent(concat!("e5-evergreen/", env!("CARGO_PKG_VERSION")))
        .build()?)
}

/// `path` (with its leading slash) appended to the base URL, which may have a path of its own.
pub fn join(base: &str, path: &str) -> Result<Url, url::ParseError> {
    Url::parse(&format!("{}{path}", base.trim_end_matches('/')))
}

#[derive(Debug, Error)]
pub enum ReadError {
    #[error("the answer is longer than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the answer was interrupted")]
    Interrupted(#[source] reqwest::Error),
}

/// Reads a body of at most `limit` bytes. A longer one is not read to its end.
pub async fn read_bounded(mut response: Response, limit: usize) -> Result<Vec<u8>, ReadError> {
    let announced = response.content_length().unwrap_or_default();
    if announced > limit as u64 {
        return Err(ReadError::TooLarge { limit });
    }
    let mut body = Vec::with_capacity(announced as usize);
    while let Some(chunk) = response.chunk().await.map_err(|error| ReadError::Interrupted(error.without_url()))? {
        if body.len() + chunk.len() > limit {
            return Err(ReadError::TooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Region, credentials and endpoints as the SDK finds them, over our client; each call is tried up to three times. A
/// stream that stalls is the client's to end: its time is bounded, and all bodies here are small.
pub async fn sdk_config(client: Client) -> aws_config::SdkConfig {
    aws_config::defaults(aws_config::BehaviorVersion::latest())
        .http_client(SdkHttp(client))
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .retry_config(RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(100)))
        .load()
        .await
}

/// Our client as the AWS SDK's. The SDK's connect timeout is ignored: the client has its own.
#[derive(Clone, Debug)]
pub struct SdkHttp(pub Client);

impl HttpClient for SdkHttp {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        Connector { client: self.0.clone(), read_timeout: settings.read_timeout() }.into_shared()
    }
}

#[derive(Debug)]
struct Connector {
    client: Client,
    /// From the request to the first byte of the answer.
    read_timeout: Option<Duration>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (client, read_timeout) = (self.client.clone(), self.read_timeout);
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?.map(sendable);
            let request = request.try_into().map_err(|error: reqwest::Error| ConnectorError::user(error.into()))?;
            let answer = client.execute(request);
            let answer = match read_timeout {
                Some(limit) => tokio::time::timeout(limit, answer)
                    .await
                    .map_err(|elapsed| ConnectorError::timeout(elapsed.into()))?,
                None => answer.await,
            };
            let answer = http::Response::<Body>::from(answer.map_err(connector_error)?).map(SdkBody::from_body_1_x);
            HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// A body in memory stays in memory, so that its length is known and a request on a stale connection can be repeated.
fn sendable(body: SdkBody) -> Body {
    match body.bytes() {
        Some(bytes) => Body::from(bytes.to_vec()),
        None => Body::wrap(body),
    }
}

fn connector_error(error: reqwest::Error) -> ConnectorError {
    let error = error.without_url();
    if error.is_timeout() {
        ConnectorError::timeout(error.into())
    } else if error.is_builder() {
        ConnectorError::user(error.into())
    } else if error.is_connect() || error.is_request() || error.is_body() {
        ConnectorError::io(error.into())
    } else {
        ConnectorError::other(error.into(), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_can_be_built() {
        client(Timeouts::default()).unwrap();
    }
}
