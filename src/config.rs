//! Configuration: the environment, read in this one place, and the check of endpoint URLs.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::Url;
use thiserror::Error;

use crate::telemetry::LogSettings;

/// The environment's settings; the README describes each variable.
#[derive(Clone, Debug)]
pub struct Config {
    pub accounts_table: String,
    pub runs_table: String,
    pub secret_prefix: String,
    pub due_shards: u16,
    pub concurrency: usize,
    pub run_retention_days: u16,
    /// The SQS queue that a tick sends claimed accounts to; `None`: it runs them itself.
    pub queue_url: Option<Url>,
    /// The SNS topic for pauses, resumes and expiries.
    pub alert_topic_arn: Option<String>,
    pub login_endpoint: Option<Url>,
    pub graph_endpoint: Option<Url>,
}

/// A variable that is missing or invalid. Never holds its value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the environment variable {variable} {problem}")]
pub struct ConfigError {
    pub variable: &'static str,
    pub problem: String,
}

/// The time limit of one round of the local program.
pub const LOCAL_ROUND: Duration = Duration::from_secs(300);

impl Config {
    /// # Errors
    /// The first variable that is missing or out of range.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// As [`Config::from_env`], with variables from anywhere.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let get = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let required = |variable: &'static str| {
            get(variable)
                .ok_or(ConfigError { variable, problem: "is not set: the name of a DynamoDB table".to_owned() })
        };
        let whole = |variable: &'static str, min: u16, max: u16, default: u16| match get(variable) {
            None => Ok(default),
            Some(text) => text.trim().parse().ok().filter(|number| (min..=max).contains(number)).ok_or_else(|| {
                ConfigError { variable, problem: format!("must be a whole number from {min} to {max}") }
            }),
        };
        let endpoint = |variable: &'static str| {
            let checked = get(variable).map(|url| checked_endpoint(variable, &url)).transpose();
            checked.map_err(|error| ConfigError { variable, problem: format!("is refused: {error}") })
        };
        let topic = |variable: &'static str| match get(variable) {
            Some(arn) if !arn.starts_with("arn:") => {
                Err(ConfigError { variable, problem: "must be the ARN of an SNS topic".to_owned() })
            }
            topic => Ok(topic),
        };
        Ok(Self {
            accounts_table: required("ACCOUNTS_TABLE")?,
            runs_table: required("RUNS_TABLE")?,
            secret_prefix: get("SECRET_PREFIX").unwrap_or_else(|| "evergreen/".to_owned()),
            due_shards: whole("DUE_SHARDS", 1, 64, 1)?,
            concurrency: whole("CONCURRENCY", 1, 1024, 32)?.into(),
            run_retention_days: whole("RUN_RETENTION_DAYS", 1, 3650, 30)?,
            queue_url: endpoint("QUEUE_URL")?,
            alert_topic_arn: topic("ALERT_TOPIC_ARN")?,
            login_endpoint: endpoint("LOGIN_ENDPOINT")?,
            graph_endpoint: endpoint("GRAPH_ENDPOINT")?,
        })
    }
}

/// Why an endpoint is refused. Never holds the value, which may contain a password.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{name}: {cause}")]
pub struct EndpointError {
    name: String,
    cause: &'static str,
}

/// The base URL that setting `name` holds: https, or http on a loopback host, without user, query and fragment.
pub fn checked_endpoint(name: &str, url: &str) -> Result<Url, EndpointError> {
    let refuse = |cause| Err(EndpointError { name: name.to_owned(), cause });
    let Ok(parsed) = Url::parse(url) else { return refuse("not a URL") };
    match parsed.scheme() {
        "https" => {}
        "http" if is_loopback(&parsed) => {}
        "http" => return refuse("http is accepted on loopback hosts only, use https"),
        _ => return refuse("must be an https URL"),
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return refuse("must not hold a user or a password");
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return refuse("must not hold a query or a fragment");
    }
    Ok(parsed)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Level and format of log lines, from Lambda's own variables.
pub fn log_settings() -> LogSettings {
    LogSettings::read(|name| std::env::var(name).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let tables = [("ACCOUNTS_TABLE", "a"), ("RUNS_TABLE", "r")];
        Config::read(|name| {
            let found = variables.iter().chain(&tables).find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn defaults_are_those_of_the_contract() {
        let config = read(&[]).unwrap();
        assert_eq!(config.secret_prefix, "evergreen/");
        assert_eq!((config.due_shards, config.concurrency, config.run_retention_days), (1, 32, 30));
        assert!(config.login_endpoint.is_none() && config.graph_endpoint.is_none());
    }

    #[test]
    fn missing_or_invalid_variable_is_named() {
        assert_eq!(Config::read(|_| None).unwrap_err().variable, "ACCOUNTS_TABLE");
        for (variable, value) in [
            ("DUE_SHARDS", "0"),
            ("DUE_SHARDS", "65"),
            ("CONCURRENCY", "many"),
            ("RUN_RETENTION_DAYS", "0"),
            ("LOGIN_ENDPOINT", "http://login.example.com"),
            ("GRAPH_ENDPOINT", "ftp://127.0.0.1"),
            ("ALERT_TOPIC_ARN", "evergreen-alerts"),
            ("QUEUE_URL", "evergreen-accounts"),
        ] {
            let error = read(&[(variable, value)]).unwrap_err();
            assert_eq!(error.variable, variable);
            assert!(!error.to_string().contains(value) || value == "0" || value == "65" || value == "many", "{error}");
        }
        assert!(
            read(&[("LOGIN_ENDPOINT", "http://127.0.0.1:8080"), ("GRAPH_ENDPOINT", "https://example.com")]).is_ok()
        );
    }

    #[test]
    fn https_is_accepted_anywhere_and_http_on_loopback_only() {
        for url in [
            "https://graph.microsoft.com",
            "http://127.0.0.1:9",
            "http://127.3.2.1",
            "http://[::1]:80/x",
            "http://localhost:1",
        ] {
            assert!(checked_endpoint("GRAPH_ENDPOINT", url).is_ok(), "{url}");
        }
        for url in [
            "http://graph.microsoft.com",
            "http://127.0.0.1.evil.example",
            "http://localhost.example",
            "http://0.0.0.0",
        ] {
            let refusal = checked_endpoint("GRAPH_ENDPOINT", url).unwrap_err().to_string();
            assert_eq!(refusal, "GRAPH_ENDPOINT: http is accepted on loopback hosts only, use https", "{url}");
        }
    }

    #[test]
    fn endpoint_holds_only_scheme_host_port_and_path() {
        for url in [
            "https://u:marked@h",
            "https://u@h",
            "https://h/?q",
            "https://h/#f",
            "ftp://h",
            "file:///etc/passwd",
            "h",
            "",
        ] {
            let refusal = checked_endpoint("LOGIN_ENDPOINT", url).unwrap_err().to_string();
            assert!(refusal.starts_with("LOGIN_ENDPOINT: ") && !refusal.contains("marked"), "{url}: {refusal}");
        }
    }
}
