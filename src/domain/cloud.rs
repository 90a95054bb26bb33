//! Cloud: one of the four clouds of Microsoft 365, and its hosts.

use serde::Serialize;

/// Source: learn.microsoft.com/graph/deployments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cloud {
    #[default]
    Global,
    UsGov,
    UsGovDod,
    China,
}

impl Cloud {
    pub const WORDS: [&str; 4] = ["global", "us_gov", "us_gov_dod", "china"];

    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "global" => Self::Global,
            "us_gov" => Self::UsGov,
            "us_gov_dod" => Self::UsGovDod,
            "china" => Self::China,
            _ => return None,
        })
    }

    /// Base of the login service, without a trailing slash.
    pub const fn login(self) -> &'static str {
        match self {
            Self::Global => "https://login.microsoftonline.com",
            Self::UsGov | Self::UsGovDod => "https://login.microsoftonline.us",
            Self::China => "https://login.partner.microsoftonline.cn",
        }
    }

    /// Base of Microsoft Graph, without a trailing slash; also the audience of its tokens.
    pub const fn graph(self) -> &'static str {
        match self {
            Self::Global => "https://graph.microsoft.com",
            Self::UsGov => "https://graph.microsoft.us",
            Self::UsGovDod => "https://dod-graph.microsoft.us",
            Self::China => "https://microsoftgraph.chinacloudapi.cn",
        }
    }
}
