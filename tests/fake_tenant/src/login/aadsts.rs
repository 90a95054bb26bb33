//! Errors of the login service, in Entra's shape.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// An AADSTS code with its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub code: u32,
    pub text: String,
}

impl Refusal {
    pub(super) fn new(code: u32, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// The code with its usual message.
    pub(super) fn usual(code: u32) -> Self {
        Self::new(code, usual(code))
    }

    pub(super) fn status(&self) -> u16 {
        match self.code {
            700_021..=700_030 | 700_211..=700_213 | 7_000_215 | 7_000_218 | 7_000_222 | 7_002_138 => 401,
            90033 | 50033 | 90006 | 90012 | 90024 | 90055 | 90090 | 50087 => 503,
            _ => 400,
        }
    }

    pub(super) fn error(&self) -> &'static str {
        match self.code {
            700_021..=700_030 | 700_211..=700_213 | 7_000_215 | 7_000_218 | 7_000_222 | 7_002_138 => "invalid_client",
            700_016 | 7_000_112 | 70001 => "unauthorized_client",
            500_011 => "invalid_resource",
            1_002_012 | 70011 => "invalid_scope",
            70003 => "unsupported_grant_type",
            90033 | 50033 | 90006 | 90012 | 90024 | 90055 | 90090 | 50087 => "temporarily_unavailable",
            70016 => "authorization_pending",
            70018 => "bad_verification_code",
            70020 => "expired_token",
            65004 => "authorization_declined",
            50058 => "login_required",
            90002 | 900_023 | 900_144 | 9_002_313 | 50059 | 9_002_325 | 900_561 | 50196 | 70021 | 50011 => {
                "invalid_request"
            }
            _ => "invalid_grant",
        }
    }

    fn suberror(&self) -> Option<&'static str> {
        match self.code {
            50076 | 50079 | 50158 => Some("basic_action"),
            53003 | 530_003 | 530_035 => Some("message_only"),
            65001 => Some("consent_required"),
            700_082 | 70008 | 70043 | 50173 => Some("bad_token"),
            _ => None,
        }
    }

    pub(super) fn body(&self, now: DateTime<Utc>, trace: &str, correlation: &str) -> Value {
        let at = now.format("%Y-%m-%d %H:%M:%SZ").to_string();
        let mut body = json!({
            "error": self.error(),
            "error_description":
                format!("AADSTS{}: {} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {at}", self.code, self.text),
            "error_codes": [self.code],
            "timestamp": at,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.code),
        });
        if let Some(suberror) = self.suberror() {
            body["suberror"] = suberror.into();
        }
        body
    }
}

fn usual(code: u32) -> &'static str {
    match code {
        50011 => {
            "The redirect URI specified in the request does not match the redirect URIs configured for the application."
        }
        50033 | 50087 | 90024 | 90033 => "A transient error has occurred. Please try again.",
        50034 => {
            "The user account does not exist in the directory. To sign into this application, the account must be added to the directory."
        }
        50053 => "The account is locked, you've tried to sign in too many times with an incorrect user ID or password.",
        50055 => "The password is expired.",
        50056 => "Invalid or null password: password doesn't exist in the directory for this user.",
        50057 => "The user account is disabled.",
        50058 => "A silent sign-in request was sent but no user is signed in.",
        50059 => {
            "No tenant-identifying information found in either the request or implied by any provided credentials."
        }
        50076 => {
            "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access the resource."
        }
        50079 => {
            "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication to access the resource."
        }
        50126 => "Error validating credentials due to invalid username or password.",
        50158 => {
            "External security challenge not satisfied. User will be redirected to another page or authentication provider."
        }
        50173 => {
            "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password."
        }
        50196 => {
            "The server terminated an operation because it encountered a client request loop. Please contact your app vendor."
        }
        53003 => {
            "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."
        }
        65001 => {
            "The user or administrator has not consented to use the application. Send an interactive authorization request for this user and resource."
        }
        65004 => "User declined to consent to access the app.",
        70000 => "Provided grant is invalid or malformed.",
        70008 => {
            "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource."
        }
        70016 => "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
        70018 => "Invalid verification code due to user typing in wrong user code for device code flow.",
        70020 => {
            "The provided value for the input parameter 'device_code' is not valid. DeviceSignIn codes supplied by the authorization server expire."
        }
        70021 => "No matching federated identity record found for presented assertion.",
        70043 => "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.",
        90094 => "The grant requires admin permission.",
        500_113 => "No reply address is registered for the application.",
        650_057 => {
            "Invalid resource. The client has requested access to a resource which is not listed in the requested permissions in the client's application registration."
        }
        90002 => {
            "Tenant not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."
        }
        90006 | 90090 => "The service is temporarily unavailable.",
        90012 => "The request has timed out.",
        90055 => "There are too many incoming requests.",
        500_011 => "The resource principal was not found in the tenant.",
        530_003 => "Your device is required to be managed to access this resource.",
        530_035 => "Access has been blocked by security defaults.",
        700_211 => "No matching federated identity record found for presented assertion issuer.",
        700_212 => "No matching federated identity record found for presented assertion audience.",
        700_213 => "No matching federated identity record found for presented assertion subject.",
        7_002_138 => {
            "No matching federated identity record found for presented assertion subject. The subject matches with case-insensitive comparison, but not with case-sensitive comparison."
        }
        700_016 => {
            "Application was not found in the directory. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant."
        }
        700_025 => "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
        700_027 => "Client assertion failed signature validation.",
        700_082 => "The refresh token has expired due to inactivity.",
        900_023 => "Specified tenant identifier is neither a valid DNS name, nor a valid external domain.",
        1_002_012 => {
            "The provided value for scope is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."
        }
        7_000_112 => "Application is disabled.",
        7_000_215 => {
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to the app."
        }
        7_000_218 => "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        7_000_222 => {
            "The provided client secret keys for the app are expired. Visit the Azure portal to create new keys for your app."
        }
        9_002_313 => "Invalid request. Request is malformed or invalid.",
        _ => "The request could not be served.",
    }
}
