//! Why a request got no answer: the cause of an HTTP client's error, in words, with the host.

use std::error::Error;
use std::io::ErrorKind;

/// The host that was called and the cause: `https://login.microsoftonline.com: name not found`. Neither path nor query,
/// which may hold more than a name.
pub fn host_and_cause(error: &reqwest::Error) -> String {
    let host = error.url().map(|url| format!("{}: ", url.origin().ascii_serialization())).unwrap_or_default();
    format!("{host}{}", cause(error))
}

/// The cause in words.
pub fn cause(error: &reqwest::Error) -> &'static str {
    let sources = || sources(error);
    let io = sources().filter_map(|source| source.downcast_ref::<std::io::Error>());
    if let Some(tls) = sources().find_map(|source| source.downcast_ref::<rustls::Error>()) {
        return tls_cause(tls);
    }
    let says = |part: &str| sources().any(|source| source.to_string().contains(part));
    if says("proxy authorization required") {
        return "the proxy wants a user and a password";
    }
    if says("tunnel error") {
        return "the proxy does not connect to it";
    }
    if says("dns error") {
        return "name not found";
    }
    match io.map(std::io::Error::kind).next() {
        Some(ErrorKind::ConnectionRefused) => "connection refused",
        Some(ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable) => "no route to it",
        Some(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof) => "connection closed",
        _ if error.is_timeout() => "no answer in time",
        _ if error.is_connect() => "no connection",
        _ => "connection closed",
    }
}

/// The error and what caused it. An I/O error hides the one that it wraps: its source is that one's source.
fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> + Clone {
    std::iter::successors(Some(error), |error| {
        match error.downcast_ref::<std::io::Error>().map(std::io::Error::get_ref) {
            Some(Some(wrapped)) => Some(wrapped as &(dyn Error + 'static)),
            _ => <dyn Error>::source(*error),
        }
    })
}

fn tls_cause(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::InvalidCertificate(
            rustls::CertificateError::Expired | rustls::CertificateError::NotValidYet,
        ) => "TLS: the certificate is not valid at this computer's time",
        rustls::Error::InvalidCertificate(_) => {
            "TLS: the certificate is not trusted; something between may read the traffic"
        }
        _ => "TLS: no secure connection",
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;

    use reqwest::Client;
    use reqwest::dns::{Addrs, Name, Resolve, Resolving};
    use tokio::net::TcpListener;

    use super::*;
    use crate::adapters::http::{Timeouts, client};

    struct NoNames;

    impl Resolve for NoNames {
        fn resolve(&self, _: Name) -> Resolving {
            Box::pin(async { Err::<Addrs, _>("no such host".into()) })
        }
    }

    async fn closed_port() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
    }

    #[tokio::test]
    async fn refused_connection_and_unknown_name_are_told_apart_with_the_host_but_without_the_path() {
        let at = closed_port().await;
        let error = client(Timeouts::default()).unwrap().get(format!("http://{at}/tenant")).send().await.unwrap_err();
        assert_eq!(host_and_cause(&error), format!("http://{at}: connection refused"));
        let nameless = Client::builder()
            .tls_backend_preconfigured(
                rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                    .with_safe_default_protocol_versions()
                    .unwrap()
                    .with_root_certificates(rustls::RootCertStore::empty())
                    .with_no_client_auth(),
            )
            .no_proxy()
            .dns_resolver(Arc::new(NoNames))
            .build()
            .unwrap();
        let error = nameless.get("https://login.example/tenant?secret=s").send().await.unwrap_err();
        assert_eq!(host_and_cause(&error), "https://login.example: name not found");
    }

    #[tokio::test]
    async fn server_without_tls_and_refusing_proxy_are_named() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 1024]).await;
                let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await;
                // Closed with unread bytes, the connection would be reset before the answer is read.
                while stream.read(&mut [0; 1024]).await.is_ok_and(|count| count > 0) {}
            }
        });
        let error = client(Timeouts::default()).unwrap().get(format!("https://{at}")).send().await.unwrap_err();
        assert_eq!(cause(&error), "TLS: no secure connection", "{error:?}");
        let route = crate::adapters::http::Route {
            proxies: vec![reqwest::Proxy::https(format!("http://{at}")).unwrap()],
            extra_roots: Vec::new(),
        };
        let through_proxy = crate::adapters::http::client_through(Timeouts::default(), route).unwrap();
        let error = through_proxy.get("https://login.example").send().await.unwrap_err();
        assert_eq!(cause(&error), "the proxy does not connect to it");
    }
}
