//! Query options: checked against the model of the addressed type, then applied to the answer.

use serde_json::{Value, json};

use crate::graph::filter::{self, Term};
use crate::model::facts::FACTS;
use crate::model::path::Found;
use crate::model::route::Kind;
use crate::model::service::{Service, service_of};
use crate::state::store::{Object, text};
use crate::wire::call::Call;
use crate::wire::encoding::{decode_form, percent_encode};
use crate::wire::reply::Reply;

#[derive(Default)]
pub(crate) struct Query {
    pub select: Vec<String>,
    pub filter: Vec<Term>,
    pub order: Vec<(String, bool)>,
    pub expand: Vec<String>,
    pub top: Option<usize>,
    pub skip: usize,
    pub count: bool,
    pub search: Option<String>,
    /// All options as sent, decoded.
    pub options: Vec<(String, String)>,
}

/// Options without `$`, by the end of the template that takes them.
const CUSTOM: &[(&str, &str)] = &[
    ("/calendarView", "startDateTime"),
    ("/calendarView", "endDateTime"),
    ("/calendarView", "start"),
    ("/calendarView", "end"),
    ("/calendarView/delta", "startDateTime"),
    ("/calendarView/delta", "endDateTime"),
    ("/sites", "search"),
    ("/root/delta", "token"),
    ("/mailFolders", "includeHiddenFolders"),
    ("/childFolders", "includeHiddenFolders"),
    ("/messages/delta", "changeType"),
    ("/bookingBusinesses", "query"),
    ("/content", "includeIDs"),
];

/// Collections that take only the few options of their reference page.
const ONLY: &[(&str, &[&str])] = &[
    ("/directoryRoles", &["$select", "$filter", "$expand"]),
    ("/directoryRoleTemplates", &["$select"]),
    ("/subscribedSkus", &["$select"]),
    ("/domains", &["$select"]),
    ("/users/{}/licenseDetails", &["$select"]),
    ("/users/{}/joinedTeams", &[]),
    ("/teams/{}/channels", &["$select", "$filter", "$expand"]),
    ("/users/{}/outlook/supportedLanguages", &[]),
    ("/users/{}/outlook/supportedTimeZones", &[]),
    ("/users/{}/drive/root", &["$select", "$expand"]),
];

const STANDARD: &[&str] =
    &["$select", "$filter", "$orderby", "$expand", "$top", "$skip", "$count", "$search", "$skiptoken", "$deltatoken"];

impl Query {
    pub(crate) fn read(call: &Call, found: &Found) -> Result<Self, Box<Reply>> {
        let template = found.route.template.as_str();
        let mut query = Self::default();
        for pair in call.query.split('&').filter(|p| !p.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(|| refuse("A query option has no value."))?;
            let (name, value) = (decode_form(name), decode_form(value));
            if query.options.iter().any(|(n, _)| *n == name) {
                return Err(refuse(&format!(
                    "Query option '{name}' was specified more than once, but it must be specified at most once."
                )));
            }
            if let Some((_, only)) = ONLY.iter().find(|(t, _)| *t == template)
                && !only.contains(&name.as_str())
            {
                return Err(refuse(&format!("The query option '{name}' is not supported by this resource.")));
            }
            query.take(&name, &value, found)?;
            query.options.push((name, value));
        }
        query.demand(template)?;
        query.consistent(call, template)?;
        Ok(query)
    }

    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    fn take(&mut self, name: &str, value: &str, found: &Found) -> Result<(), Box<Reply>> {
        let of = found.route.type_name();
        let many = found.route.answers.starts_with('*');
        let template = found.route.template.as_str();
        if !STANDARD.contains(&name) {
            let known = CUSTOM.iter().any(|(end, n)| *n == name && template.ends_with(end));
            return if known { Ok(()) } else { Err(refuse(&format!("The query option '{name}' is not recognised."))) };
        }
        if value.is_empty() {
            return Err(refuse(&format!("The value of '{name}' is empty.")));
        }
        if !many && !matches!(name, "$select" | "$expand") || matches!(found.route.kind, Kind::Stream | Kind::Action) {
            return Err(refuse(&format!("The query option '{name}' is not supported here.")));
        }
        match name {
            "$select" => {
                self.select = value.split(',').map(|n| n.trim().to_owned()).collect();
                self.select.iter().filter(|n| *n != "*").try_for_each(|n| named(of, n))?;
            }
            "$filter" => {
                self.filter = filter::parse(value).map_err(|e| refuse(&e))?;
                self.filter.iter().try_for_each(|t| named(of, t.property()))?;
            }
            "$orderby" => {
                for part in value.split(',') {
                    let (name, way) = part.trim().split_once(' ').unwrap_or((part.trim(), "asc"));
                    named(of, name)?;
                    if !matches!(way, "asc" | "desc") {
                        return Err(refuse(&format!("Syntax error in $orderby: '{part}'.")));
                    }
                    self.order.push((name.to_owned(), way == "desc"));
                }
            }
            "$expand" => {
                for part in value.split(',') {
                    let name = part.split('(').next().unwrap_or(part).trim();
                    if FACTS.navigation(of, name).is_none() {
                        return Err(missing(name, of));
                    }
                    self.expand.push(name.to_owned());
                }
            }
            "$top" => self.top = Some(top(value, template)?),
            "$skip" | "$skiptoken" => self.skip = value.parse().map_err(|_| refuse(&format!("Invalid {name}.")))?,
            "$count" => self.count = value.parse().map_err(|_| refuse("Invalid value for $count."))?,
            "$search" => self.search = Some(value.trim_matches('"').to_owned()),
            _ => {}
        }
        Ok(())
    }

    /// Refuses a path without the options that it requires.
    fn demand(&self, template: &str) -> Result<(), Box<Reply>> {
        if template.ends_with("/calendarView") || template.ends_with("/calendarView/delta") {
            let (from, to) = if template.contains("/bookingBusinesses/") {
                ("start", "end")
            } else {
                ("startDateTime", "endDateTime")
            };
            let continued = self.option("$deltatoken").or(self.option("$skiptoken")).is_some();
            for name in [from, to].into_iter().filter(|_| !continued) {
                let value = self.option(name).unwrap_or_default();
                let plain = chrono::NaiveDateTime::parse_from_str(value, "%Y-%m-%dT%H:%M:%S%.f").is_ok();
                if !plain && chrono::DateTime::parse_from_rfc3339(value).is_err() {
                    return Err(Box::new(Reply::error(
                        400,
                        "ErrorInvalidParameter",
                        "This request requires a time window specified by the query string parameters StartDateTime and EndDateTime.",
                    )));
                }
            }
        }
        if template == "/sites" && self.option("search").is_none() && self.filter.is_empty() {
            return Err(refuse("The site collection is listed by a search."));
        }
        Ok(())
    }

    /// Counting, searching, and sorting with a filter need eventual consistency in the directory.
    fn consistent(&self, call: &Call, template: &str) -> Result<(), Box<Reply>> {
        let advanced = self.count || self.search.is_some() || (!self.order.is_empty() && !self.filter.is_empty());
        let eventual = call.headers.get("consistencylevel").is_some_and(|v| v.eq_ignore_ascii_case("eventual"));
        if advanced && !eventual && service_of(template) == Service::Directory && !template.ends_with("deletedItems") {
            return Err(Box::new(Reply::error(
                400,
                "Request_UnsupportedQuery",
                "This query needs the header ConsistencyLevel: eventual.",
            )));
        }
        Ok(())
    }

    /// Filters, sorts, pages and trims a list. `link` is the address without a query.
    pub(crate) fn apply(&self, mut all: Vec<Object>, page: usize, link: &str) -> Object {
        all.retain(|object| self.filter.iter().all(|term| term.holds(object)));
        if let Some(wanted) = &self.search {
            let wanted = wanted.to_lowercase();
            all.retain(|object| Value::Object(object.clone()).to_string().to_lowercase().contains(&wanted));
        }
        for (name, down) in self.order.iter().rev() {
            all.sort_by(|a, b| if *down { text(b, name).cmp(text(a, name)) } else { text(a, name).cmp(text(b, name)) });
        }
        let total = all.len();
        let size = self.top.unwrap_or(page);
        let value: Vec<Value> = all.into_iter().skip(self.skip).take(size).map(|o| self.trim(o).into()).collect();
        let mut answer = Object::new();
        if self.count {
            answer.insert("@odata.count".into(), json!(total));
        }
        if self.skip + size < total {
            let rest = self.options.iter().filter(|(n, _)| n != "$skip" && n != "$skiptoken");
            let rest: String = rest.map(|(n, v)| format!("{n}={}&", percent_encode(v))).collect();
            answer.insert("@odata.nextLink".into(), format!("{link}?{rest}$skip={}", self.skip + size).into());
        }
        answer.insert("value".into(), value.into());
        answer
    }

    /// Keeps the selected properties, annotations and the id.
    pub(crate) fn trim(&self, mut object: Object) -> Object {
        if !self.select.is_empty() && !self.select.iter().any(|n| n == "*") {
            let wanted = |name: &str| {
                self.select.iter().any(|s| s.split('/').next() == Some(name)) || self.expand.iter().any(|e| e == name)
            };
            object.retain(|name, _| name.starts_with('@') || name == "id" || wanted(name));
        }
        object
    }
}

fn top(value: &str, template: &str) -> Result<usize, Box<Reply>> {
    let limit = match service_of(template) {
        Service::Mail | Service::Calendar | Service::Contacts | Service::People | Service::Todo => 1000,
        Service::Onenote => 100,
        Service::Teams => 50,
        _ => 999,
    };
    let asked: usize = value.parse().map_err(|_| refuse("Invalid value for $top."))?;
    if asked == 0 || asked > limit {
        return Err(refuse(&format!(
            "Invalid page size specified: '{value}'. Must be between 1 and {limit} inclusive."
        )));
    }
    Ok(asked)
}

/// Whether a property exists. Members of a directory list have many types, and any of their properties may be named.
fn named(of: &str, path: &str) -> Result<(), Box<Reply>> {
    let mut of = of.to_owned();
    for name in path.split('/') {
        let kind = FACTS.property(&of, name).or_else(|| FACTS.navigation(&of, name));
        let kind = kind.or_else(|| {
            let several = ["user", "group", "device", "servicePrincipal", "directoryRole", "administrativeUnit"];
            several.iter().filter(|_| of == "directoryObject").find_map(|t| FACTS.property(t, name))
        });
        match kind {
            Some(kind) => of = kind.trim_start_matches(['*', '~']).to_owned(),
            None if of == "fieldValueSet" || of == "openTypeExtension" => return Ok(()),
            None => return Err(missing(name, &of)),
        }
    }
    Ok(())
}

fn missing(name: &str, of: &str) -> Box<Reply> {
    refuse(&format!("Could not find a property named '{name}' on type 'microsoft.graph.{of}'."))
}

fn refuse(message: &str) -> Box<Reply> {
    Box::new(Reply::bad(message))
}
