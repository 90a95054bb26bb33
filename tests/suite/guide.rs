//! `docs/entra.md` carried out: fills in its forms, stores its secrets and sends its events in the page's order.

use chrono::TimeDelta;
use fake_tenant::{App, Federated, Secret, Tenant, User};
use serde_json::{Value, json};

use crate::support::browser;
use crate::support::sts;
use crate::support::test_app::TestApp;

const GUIDE: &str = include_str!("../../docs/entra.md");
const DOMAIN: &str = "yourtenant.onmicrosoft.com";
const ADMINISTRATOR: &str = "admin@yourtenant.onmicrosoft.com";
const PASSWORD: &str = "correct horse";
const CERTIFICATE: &str = include_str!("../fixtures/right.pem");
const KEY: &str = include_str!("../fixtures/right_key_pkcs8.pem");
const THUMBPRINT: &str = "uEF3dnCNDe8omRqRXXA0-rAYLKk3hWKEY7gjlo2csq0";

/// A fenced block, with the text before and after it up to the neighbouring blocks.
struct Block<'a> {
    kind: &'a str,
    text: &'a str,
    before: &'a str,
    after: &'a str,
}

fn blocks() -> Vec<Block<'static>> {
    let parts: Vec<&str> = GUIDE.split("```").collect();
    assert_eq!(parts.len() % 2, 1, "every fence is closed");
    let block = |at: usize| {
        let (kind, text) = parts[at].split_once('\n').unwrap();
        Block { kind, text, before: parts[at - 1], after: parts[at + 1] }
    };
    (1..parts.len()).step_by(2).map(block).collect()
}

/// The text between backticks.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// A page of the portal or of the login service.
struct Picture<'a>(Vec<&'a str>);

impl<'a> Picture<'a> {
    fn of(text: &'a str) -> Self {
        let lines: Vec<&str> = text.lines().collect();
        let width = lines[0].chars().count();
        assert!(lines.iter().all(|line| line.chars().count() == width), "the frame is even:\n{text}");
        Self(lines.into_iter().map(|line| line.trim_matches(['│', ' '])).collect())
    }

    /// The last part of the title.
    fn page(&self) -> &'a str {
        self.0[0].trim_matches(['┌', '─', '┐', ' ']).rsplit(" › ").next().unwrap()
    }

    fn shows(&self, text: &str) -> bool {
        self.0.iter().any(|line| line.contains(text))
    }

    /// The value beside the label.
    fn field(&self, label: &str) -> &'a str {
        let rest = self.0.iter().find_map(|line| line.strip_prefix(label));
        let rest = rest.unwrap_or_else(|| panic!("no `{label}` in {:?}", self.0)).trim();
        rest.strip_prefix("[ ").map_or(rest, |inner| inner.trim_end_matches(']').trim())
    }

    fn ticked(&self) -> Vec<&'a str> {
        self.0.iter().filter_map(|line| line.strip_prefix("[x] ")).collect()
    }
}

/// The person at the portal, at the AWS console and at the browser.
struct Reader {
    app: TestApp,
    tenant: String,
    /// The client id of the app registration that is open.
    client_id: String,
    /// The last answers of `consent_url` and `sign_in`.
    consent: Option<Value>,
    sign_in: Option<Value>,
    /// Number of the page's statements that were compared with answers.
    held: usize,
}

impl Reader {
    /// A tenant with MFA and the apps whose overviews the page shows, as a new registration leaves them.
    async fn new(blocks: &[Block<'static>]) -> Self {
        let overviews = blocks.iter().filter(|block| block.kind == "text").map(|block| Picture::of(block.text));
        let overviews: Vec<Picture> = overviews.filter(|picture| picture.page() == "Overview").collect();
        let tenant = overviews[0].field("Directory (tenant) ID");
        let mut is = Tenant::new(tenant, DOMAIN);
        for overview in &overviews {
            assert_eq!(overview.field("Directory (tenant) ID"), tenant);
            is = is.with_app(App::registered(overview.field("Application (client) ID")));
        }
        let mut administrator = User::new(ADMINISTRATOR, PASSWORD);
        administrator.roles.insert("Global Administrator".to_owned());
        let megan = User::new("megan@yourtenant.onmicrosoft.com", PASSWORD);
        let users = [administrator, megan].map(|user| User { blocked_by: Some(50076), ..user });
        let app = TestApp::new().await;
        app.tenant.add_tenant(users.into_iter().fold(is, Tenant::with_user));
        Self { app, tenant: tenant.to_owned(), client_id: String::new(), consent: None, sign_in: None, held: 0 }
    }

    fn change(&self, change: impl FnOnce(&mut App)) {
        self.app.tenant.change_app(&self.tenant, &self.client_id, change);
    }

    async fn fill_in(&mut self, picture: &Picture<'_>) {
        match picture.page() {
            "New registration" => {
                assert!(picture.shows("(•) Accounts in this organizational directory only"));
                assert_eq!(picture.field("Redirect URI (optional)"), "");
            }
            "Overview" => self.client_id = picture.field("Application (client) ID").to_owned(),
            "New client secret" => {
                let value = picture.field("Value").to_owned();
                self.change(|app| app.secrets.push(Secret { value, expires: None }));
            }
            "Upload certificate" => {
                assert_eq!(picture.field("Certificate"), "cert.pem", "the certificate, not the key");
                self.change(|app| app.thumbprints.push(THUMBPRINT.to_owned()));
            }
            "Add credential" => {
                assert_eq!(picture.field("Federated credential scenario"), "Other issuer");
                let real = |value: &str, real: &str| if value.contains('<') { real } else { value }.to_owned();
                let trust = Federated {
                    issuer: real(picture.field("Issuer"), sts::ISSUER),
                    subject: real(picture.field("Value"), sts::ROLE),
                    audience: picture.field("Audience").to_owned(),
                };
                self.change(|app| app.federated.push(trust));
            }
            "Authentication" => {
                let addresses = picture.ticked().into_iter().map(str::to_owned);
                self.change(|app| {
                    app.registration.redirect_uris.extend(addresses);
                    app.public = picture.shows("Allow public client flows     (•) Yes");
                });
            }
            kind @ ("Application permissions" | "Delegated permissions") => {
                assert!(picture.shows(&format!("(•) {kind}")));
                let ticked = picture.ticked();
                if let Some(asked) = self.consent.as_ref().filter(|asked| asked["admin_consent_url"].is_string()) {
                    assert_eq!(json!(ticked), asked["permissions"], "what `consent_url` lists");
                }
                let names = ticked.into_iter().map(str::to_owned);
                self.change(|app| match kind {
                    "Application permissions" => app.registration.roles.extend(names),
                    _ => app.registration.scopes.extend(names),
                });
            }
            "Grant admin consent" => {
                assert!(picture.shows("▸ [ Grant admin consent for Your tenant ]"));
                self.consent = None;
                self.change(|app| {
                    app.roles.extend(app.registration.roles.clone());
                    app.scopes.extend(app.registration.scopes.clone());
                });
            }
            "Permissions requested" => self.consent().await,
            "Enter code" => {
                let answer = self.sign_in.take().expect("a sign-in has begun");
                let code = answer["user_code"].as_str().unwrap();
                let page = "https://login.microsoftonline.com/common/oauth2/deviceauth";
                self.answer(page, picture.field("Sign in as"), &[("otc", code)]).await;
            }
            unknown => panic!("this test has no step for the page `{unknown}`"),
        }
    }

    /// Opens the administrator's link, and accepts.
    async fn consent(&mut self) {
        let asked = self.consent.take().expect("a link to consent at");
        let link = asked["admin_consent_url"].as_str().unwrap();
        let page = browser::open(&self.app.tenant.endpoint(), link).await;
        for permission in asked["permissions"].as_array().unwrap() {
            assert!(page.text.contains(permission.as_str().unwrap()), "{permission}: {page:?}");
        }
        let sent_to = self.answer(link, ADMINISTRATOR, &[]).await.expect("the browser is sent back");
        assert!(sent_to.contains("admin_consent=True"), "{sent_to}");
        // Until the earlier tokens have expired.
        self.app.advance(TimeDelta::hours(1));
    }

    async fn answer(&self, link: &str, user: &str, more: &[(&str, &str)]) -> Option<String> {
        let form = [("username", user), ("password", PASSWORD), ("second_factor", "654321"), ("accept", "yes")];
        let shown = browser::answer(&self.app.tenant.endpoint(), link, &[&form, more].concat()).await;
        assert!(shown.status < 400, "{shown:?}");
        shown.sent_to.map(|to| to.to_string())
    }

    async fn send(&mut self, event: Value, after: &str) {
        let answer = self.app.ask(event.clone()).await;
        let text = answer.to_string();
        assert!(answer.get("errors").is_none_or(|errors| *errors == json!([])), "{event}: {text}");
        for verdict in answer["verdicts"].as_array().into_iter().flatten() {
            assert_ne!(verdict["good"], false, "{verdict}");
        }
        for claim in spans(after).filter(|span| span.starts_with('"')) {
            let claim: serde_json::Map<String, Value> =
                serde_json::from_str(&format!("{{{claim}}}")).unwrap_or_else(|error| panic!("{claim}: {error}"));
            for (field, value) in &claim {
                assert_eq!(&answer[field], value, "{event}: {field}: {text}");
                self.held += 1;
            }
        }
        match event["action"].as_str() {
            Some("consent_url") => self.consent = Some(answer),
            Some("sign_in") => self.sign_in = Some(answer),
            _ => {}
        }
    }

    /// A secret's name is the last `evergreen/...` before it; a shortened PEM block is replaced by a real one.
    fn put(&self, mut secret: Value, before: &str) {
        let name = spans(before).filter_map(|span| span.strip_prefix("evergreen/")).last();
        for (field, real) in [("certificate", CERTIFICATE), ("private_key", KEY)] {
            if secret[field].as_str().is_some_and(|value| value.contains('…')) {
                secret[field] = json!(real);
            }
        }
        self.app.put(name.expect("the secret has a name"), &secret);
    }
}

#[tokio::test]
async fn following_the_guide_gives_accounts_that_run() {
    let blocks = blocks();
    let mut reader = Reader::new(&blocks).await;
    let mut seen = [0; 3];
    for block in &blocks {
        match block.kind {
            "text" => {
                reader.fill_in(&Picture::of(block.text)).await;
                seen[0] += 1;
            }
            "json" => {
                let value: Value = serde_json::from_str(block.text).unwrap_or_else(|e| panic!("{e}: {}", block.text));
                if value.get("action").is_some() {
                    reader.send(value, block.after).await;
                    seen[1] += 1;
                } else {
                    reader.put(value, block.before);
                    seen[2] += 1;
                }
            }
            other => panic!("this test has no step for a block of {other}"),
        }
    }
    let [pictures, events, secrets] = seen;
    assert!(pictures >= 12 && events >= 12 && secrets >= 3 && reader.held >= 10, "{seen:?} {}", reader.held);
    for account in ["app", "federated", "certified", "megan"] {
        assert_eq!(reader.app.last_run(account).await.outcome, "succeeded", "{account}");
    }
    assert_eq!(reader.app.next_round("megan").await["failed"], 0);
}
