//! A person at a browser: opens a page of the fake login service, and answers its form.

use e5_evergreen::adapters::http::{Timeouts, client};
use reqwest::Url;

/// The result of a page: its status, its text, and the redirect.
#[derive(Debug)]
pub(crate) struct Shown {
    pub status: u16,
    pub text: String,
    pub sent_to: Option<Url>,
}

/// The same URL at the fake tenant's endpoint.
fn here(endpoint: &str, link: &str) -> Url {
    let link: Url = link.parse().unwrap();
    let mut here: Url = endpoint.parse().unwrap();
    here.set_path(link.path());
    here.set_query(link.query());
    here
}

pub(crate) async fn open(endpoint: &str, link: &str) -> Shown {
    shown(client(Timeouts::default()).unwrap().get(here(endpoint, link))).await
}

/// Fills in the page's form and sends it.
pub(crate) async fn answer(endpoint: &str, link: &str, form: &[(&str, &str)]) -> Shown {
    shown(client(Timeouts::default()).unwrap().post(here(endpoint, link)).form(form)).await
}

async fn shown(request: reqwest::RequestBuilder) -> Shown {
    let answer = request.send().await.unwrap();
    let sent_to = answer.headers().get("location").map(|to| to.to_str().unwrap().parse().unwrap());
    Shown { status: answer.status().as_u16(), sent_to, text: answer.text().await.unwrap() }
}
