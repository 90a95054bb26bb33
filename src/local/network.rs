//! The way from this machine to Microsoft: proxy and certificates, from the environment, and whether it is open.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use reqwest::{Client, NoProxy, Proxy, Url};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::adapters::http::{Route, Timeouts, client_through};
use crate::adapters::transport::host_and_cause;
use crate::domain::cloud::Cloud;

/// Hosts that are never called through a proxy.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// The environment's settings of the network.
#[derive(Clone, Debug, Default)]
pub(super) struct Network {
    proxy: Option<(&'static str, String)>,
    no_proxy: String,
    certificates: Option<PathBuf>,
}

impl Network {
    /// Reads `HTTPS_PROXY` (or `ALL_PROXY`), `NO_PROXY` and `SSL_CERT_FILE`, the proxies also in lower case.
    pub(super) fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
        Self {
            proxy: names.into_iter().find_map(|name| Some((name, get(name)?))),
            no_proxy: get("NO_PROXY").or_else(|| get("no_proxy")).unwrap_or_default(),
            certificates: get("SSL_CERT_FILE").map(PathBuf::from),
        }
    }

    /// The HTTP client for this network.
    ///
    /// # Errors
    /// A proxy or a file of certificates that cannot be used. The value of a variable may hold a password and is never
    /// part of the message.
    pub(super) fn client(&self) -> anyhow::Result<Client> {
        let mut route = Route::default();
        if let Some((name, value)) = &self.proxy {
            let url = proxy_url(value)
                .with_context(|| format!("{name} must be the http or https URL of a proxy, like http://proxy:8080"))?;
            let proxy = Proxy::https(url).with_context(|| format!("{name} cannot be used"))?;
            let except = format!("{LOOPBACK},{}", self.no_proxy);
            route.proxies.push(proxy.no_proxy(NoProxy::from_string(&except)));
        }
        if let Some(path) = &self.certificates {
            route.extra_roots = certificates(path)?;
        }
        client_through(Timeouts::default(), route).context("setting up HTTP")
    }

    /// What is not the usual, for people: a line each.
    pub(super) fn notes(&self) -> Vec<String> {
        let proxy = self.proxy.as_ref().map(|(name, value)| {
            let host = proxy_url(value).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
            format!("through the proxy {host} of {name}")
        });
        let certificates =
            self.certificates.as_ref().map(|path| format!("certificates of SSL_CERT_FILE: {}", path.display()));
        proxy.into_iter().chain(certificates).collect()
    }
}

/// The proxy's URL; `host:port` without a scheme is http.
fn proxy_url(value: &str) -> Option<Url> {
    let value = value.trim();
    let url = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let shown = path.display();
    let read = CertificateDer::pem_file_iter(path).with_context(|| format!("SSL_CERT_FILE: reading {shown}"))?;
    let certificates: Vec<_> =
        read.collect::<Result<_, _>>().with_context(|| format!("SSL_CERT_FILE: {shown} is not PEM"))?;
    ensure!(!certificates.is_empty(), "SSL_CERT_FILE: {shown} holds no certificate");
    Ok(certificates)
}

/// The way to the login service.
pub(super) struct Connection {
    pub client: Client,
    login_hosts: Vec<String>,
    pub notes: Vec<String>,
}

impl Connection {
    /// Of this network; `login_endpoint` replaces the hosts of the clouds.
    ///
    /// # Errors
    /// As [`Network::client`].
    pub(super) fn open(network: &Network, login_endpoint: Option<&Url>) -> anyhow::Result<Self> {
        Ok(Self { client: network.client()?, login_hosts: login_hosts(login_endpoint), notes: network.notes() })
    }

    /// Why no login service can be reached, if none can: this machine is offline, or its proxy is down. A run would fail
    /// without having sent anything.
    pub(super) async fn offline(&self) -> Option<String> {
        offline(&self.client, &self.login_hosts).await
    }
}

/// Calls the host; any answer counts. Returns the time that the answer states, if it does.
///
/// # Errors
/// The host and why there is no answer, in words.
pub(super) async fn reach(client: &Client, host: &str) -> Result<Option<DateTime<Utc>>, String> {
    let answer = client.head(host).send().await.map_err(|error| host_and_cause(&error))?;
    let date = answer.headers().get("date").and_then(|date| date.to_str().ok());
    Ok(date.and_then(|date| DateTime::parse_from_rfc2822(date).ok()).map(|date| date.to_utc()))
}

/// The hosts of the login service: of the endpoint that is set, or of every cloud.
fn login_hosts(endpoint: Option<&Url>) -> Vec<String> {
    match endpoint {
        Some(endpoint) => vec![endpoint.to_string()],
        None => [Cloud::Global, Cloud::UsGov, Cloud::China].map(|cloud| cloud.login().to_owned()).to_vec(),
    }
}

async fn offline(client: &Client, hosts: &[String]) -> Option<String> {
    let mut first = None;
    for host in hosts {
        match reach(client, host).await {
            Ok(_) => return None,
            Err(cause) => first = first.or(Some(cause)),
        }
    }
    first.map(|cause| format!("cannot reach Microsoft ({cause}): is this machine online?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(variables: &[(&str, &str)]) -> Network {
        Network::read(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn nothing_is_set_without_variables() {
        let network = network(&[("HTTPS_PROXY", " ")]);
        assert!(network.proxy.is_none() && network.notes().is_empty());
        network.client().unwrap();
    }

    #[test]
    fn proxy_is_named_without_its_password() {
        for (variable, value) in [
            ("HTTPS_PROXY", "http://user:planted@proxy.example:8080"),
            ("all_proxy", "user:planted@proxy.example:8080"),
        ] {
            let network = network(&[(variable, value)]);
            assert_eq!(network.notes(), [format!("through the proxy http://proxy.example:8080 of {variable}")]);
            network.client().unwrap();
        }
    }

    #[test]
    fn proxy_that_cannot_be_used_is_refused_without_its_value() {
        for value in ["socks5://planted:1080", "http://", "://planted"] {
            let error = format!("{:#}", network(&[("HTTPS_PROXY", value)]).client().unwrap_err());
            assert!(error.contains("HTTPS_PROXY") && !error.contains("planted"), "{error}");
        }
    }

    #[test]
    fn file_of_certificates_is_read_and_a_faulty_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roots.pem");
        let of = |text: &str| {
            std::fs::write(&path, text).unwrap();
            network(&[("SSL_CERT_FILE", path.to_str().unwrap())]).client()
        };
        assert!(of(include_str!("../../tests/fixtures/right.pem")).is_ok());
        assert!(format!("{:#}", of("").unwrap_err()).contains("holds no certificate"));
        assert!(network(&[("SSL_CERT_FILE", "missing.pem")]).client().unwrap_err().to_string().contains("missing.pem"));
    }

    #[tokio::test]
    async fn machine_is_offline_only_if_no_login_host_answers() {
        let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let open = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let [closed, open_at] = [closed, open.local_addr().unwrap()].map(|at| format!("http://{at}"));
        tokio::spawn(async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let (mut stream, _) = open.accept().await.unwrap();
            let _ = stream.read(&mut [0; 1024]).await;
            let answer = "HTTP/1.1 404 Not Found\r\ndate: Wed, 25 Nov 2026 07:08:00 GMT\r\ncontent-length: 0\r\n\r\n";
            let _ = stream.write_all(answer.as_bytes()).await;
        });
        let client = Network::default().client().unwrap();
        let cause = offline(&client, std::slice::from_ref(&closed)).await.unwrap();
        assert_eq!(cause, format!("cannot reach Microsoft ({closed}: connection refused): is this machine online?"));
        assert_eq!(offline(&client, &[closed, open_at]).await, None);
    }
}
