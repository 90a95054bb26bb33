//! The HTTP stack against misbehaving servers.

use std::time::Duration;

use aws_sdk_dynamodb::{config::timeout::TimeoutConfig, error::SdkError};
use axum::{Router, response::Redirect, routing::get};
use e5_evergreen::adapters::http::{ReadError, SdkHttp, Timeouts, client, read_bounded};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::support::{self, aws_json::At, dynamodb::FakeDynamo};

/// Answers the first request with exactly these bytes and closes the connection.
async fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _request = stream.read(&mut [0; 4096]).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
    });
    url
}

async fn read(answer: &'static str, limit: usize) -> Result<Vec<u8>, ReadError> {
    let client = client(Timeouts::default()).unwrap();
    read_bounded(client.get(answering(answer).await).send().await.unwrap(), limit).await
}

#[tokio::test]
async fn body_is_read_up_to_its_limit_with_or_without_content_length() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
    ] {
        assert_eq!(read(answer, 5).await.unwrap(), b"hello");
        assert!(matches!(read(answer, 4).await, Err(ReadError::TooLarge { limit: 4 })), "{answer}");
    }
}

#[tokio::test]
async fn truncated_body_and_oversized_body_are_different_errors() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhello",
    ] {
        assert!(matches!(read(answer, 100).await, Err(ReadError::Interrupted(_))), "{answer}");
    }
}

#[tokio::test]
async fn redirect_is_returned_and_not_followed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = Router::new().route("/", get(|| async { Redirect::temporary("/elsewhere") }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let answer = client(Timeouts::default()).unwrap().get(url).send().await.unwrap();
    assert_eq!(answer.status(), 307);
}

#[tokio::test]
async fn client_sends_its_user_agent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let asking = tokio::spawn(async move { client(Timeouts::default()).unwrap().get(url).send().await });
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = [0; 4096];
    let length = stream.read(&mut request).await.unwrap();
    asking.abort();
    let request = String::from_utf8_lossy(&request[..length]).into_owned();
    assert!(request.contains(concat!("user-agent: e5-evergreen/", env!("CARGO_PKG_VERSION"))), "{request}");
}

#[tokio::test]
async fn refused_connection_is_an_io_error_and_is_tried_three_times() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let dynamo = aws_sdk_dynamodb::Client::new(&support::sdk_config(&format!("http://{unused}")));
    match dynamo.list_tables().send().await.unwrap_err() {
        SdkError::DispatchFailure(failure) => assert!(failure.is_io(), "{failure:?}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn truncated_answer_is_requested_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for length in [99, 17] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _request = stream.read(&mut [0; 8192]).await.unwrap();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{{\"TableNames\":[]}}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let dynamo = aws_sdk_dynamodb::Client::new(&support::sdk_config(&url));
    assert!(dynamo.list_tables().send().await.unwrap().table_names().is_empty());
}

#[tokio::test]
async fn silent_server_is_a_timeout_of_the_sdk_or_of_the_client() {
    let dynamo = FakeDynamo::start().await;
    let _hold = dynamo.hold("ListTables", "", At::Request);
    let short = Duration::from_millis(20);
    let impatient = client(Timeouts { total: short, ..Timeouts::default() }).unwrap();
    let once = aws_sdk_dynamodb::config::retry::RetryConfig::disabled();
    let base = || support::sdk_config(&dynamo.endpoint).into_builder().retry_config(once.clone());
    for config in [
        base().timeout_config(TimeoutConfig::builder().read_timeout(short).build()).build(),
        base().http_client(SdkHttp(impatient)).build(),
    ] {
        match aws_sdk_dynamodb::Client::new(&config).list_tables().send().await.unwrap_err() {
            SdkError::DispatchFailure(failure) => assert!(failure.is_timeout(), "{failure:?}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn http2_is_offered_before_http1_in_the_tls_handshake() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let asking = tokio::spawn(async move { client(Timeouts::default()).unwrap().get(url).send().await });
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut greeting = [0; 4096];
    let length = stream.read(&mut greeting).await.unwrap();
    drop(stream);
    let offered = b"\x02h2\x08http/1.1";
    assert!(greeting[..length].windows(offered.len()).any(|bytes| bytes == offered));
    let error = asking.await.unwrap().unwrap_err();
    assert!(error.is_connect(), "{error:?}");
}
