//! The tenant: organisation, domains, licences, roles, policies.

use serde_json::{Value, json};

use super::{Body, Method, Need, Operation, Service};
use crate::domain::contents::Contents;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "organization.get",
        query: "$select=id,displayName",
        delegated: Some("User.Read"),
        application: Some("Organization.Read.All"),
        doc: page!("organization-list"),
        ..Operation::get(Service::Directory, "/organization")
    },
    Operation {
        id: "domains.list",
        query: "$select=id,isDefault",
        delegated: Some("Domain.Read.All"),
        application: Some("Domain.Read.All"),
        doc: page!("domain-list"),
        ..Operation::get(Service::Directory, "/domains")
    },
    Operation {
        id: "skus.list",
        query: "$select=id,skuPartNumber",
        delegated: Some("Organization.Read.All"),
        application: Some("Organization.Read.All"),
        doc: page!("subscribedsku-list"),
        ..Operation::get(Service::Directory, "/subscribedSkus")
    },
    Operation {
        id: "subscriptions.commercial",
        delegated: Some("Organization.Read.All"),
        application: Some("Organization.Read.All"),
        doc: page!("directory-list-subscriptions"),
        ..Operation::get(Service::Directory, "/directory/subscriptions")
    },
    Operation {
        id: "directoryRoles.list",
        query: "$select=id,displayName",
        delegated: Some("RoleManagement.Read.Directory"),
        application: Some("RoleManagement.Read.Directory"),
        doc: page!("directoryrole-list"),
        ..Operation::get(Service::Directory, "/directoryRoles")
    },
    Operation {
        id: "directoryRoleTemplates.list",
        delegated: Some("RoleManagement.Read.Directory"),
        application: Some("RoleManagement.Read.Directory"),
        weight: 50,
        doc: page!("directoryroletemplate-list"),
        ..Operation::get(Service::Directory, "/directoryRoleTemplates")
    },
    Operation {
        id: "roleDefinitions.list",
        query: "$top=5&$select=id,displayName",
        delegated: Some("RoleManagement.Read.Directory"),
        application: Some("RoleManagement.Read.Directory"),
        doc: page!("rbacapplication-list-roledefinitions"),
        ..Operation::get(Service::Directory, "/roleManagement/directory/roleDefinitions")
    },
    Operation {
        id: "roleAssignments.list",
        delegated: Some("RoleManagement.Read.Directory"),
        application: Some("RoleManagement.Read.Directory"),
        weight: 50,
        doc: page!("rbacapplication-list-roleassignments"),
        ..Operation::get(Service::Directory, "/roleManagement/directory/roleAssignments")
    },
    Operation {
        id: "adminUnits.list",
        query: "$top=5&$select=id,displayName",
        delegated: Some("AdministrativeUnit.Read.All"),
        application: Some("Directory.Read.All"),
        weight: 50,
        doc: page!("directory-list-administrativeunits"),
        ..Operation::get(Service::Directory, "/directory/administrativeUnits")
    },
    Operation {
        id: "deletedUsers.list",
        query: "$top=5&$select=id,displayName",
        delegated: Some("User.Read.All"),
        application: Some("User.Read.All"),
        weight: 50,
        doc: page!("directory-deleteditems-list"),
        ..Operation::get(Service::Directory, "/directory/deletedItems/microsoft.graph.user")
    },
    Operation {
        id: "deletedGroups.list",
        query: "$top=5&$select=id,displayName",
        delegated: Some("Group.Read.All"),
        application: Some("Group.Read.All"),
        weight: 50,
        doc: page!("directory-deleteditems-list"),
        ..Operation::get(Service::Directory, "/directory/deletedItems/microsoft.graph.group")
    },
    Operation {
        id: "devices.list",
        query: "$top=5&$select=id,displayName",
        delegated: Some("Device.Read.All"),
        application: Some("Device.Read.All"),
        doc: page!("device-list"),
        ..Operation::get(Service::Directory, "/devices")
    },
    Operation {
        id: "orgContacts.list",
        query: "$top=5&$select=id,displayName",
        delegated: Some("OrgContact.Read.All"),
        application: Some("OrgContact.Read.All"),
        doc: page!("orgcontact-list"),
        ..Operation::get(Service::Directory, "/contacts")
    },
    Operation {
        id: "oauthGrants.list",
        query: "$top=5",
        delegated: Some("Directory.Read.All"),
        application: Some("Directory.Read.All"),
        doc: page!("oauth2permissiongrant-list"),
        ..Operation::get(Service::Directory, "/oauth2PermissionGrants")
    },
    Operation {
        id: "schemaExtensions.list",
        query: "$top=5&$select=id",
        delegated: Some("User.Read"),
        application: Some("Application.Read.All"),
        doc: page!("schemaextension-list"),
        ..Operation::get(Service::Directory, "/schemaExtensions")
    },
    Operation {
        id: "securityDefaults.get",
        delegated: Some("Policy.Read.All"),
        application: Some("Policy.Read.All"),
        doc: page!("identitysecuritydefaultsenforcementpolicy-get"),
        ..Operation::get(Service::Directory, "/policies/identitySecurityDefaultsEnforcementPolicy")
    },
    Operation {
        id: "authorizationPolicy.get",
        delegated: Some("Policy.Read.All"),
        application: Some("Policy.Read.All"),
        weight: 50,
        doc: page!("authorizationpolicy-get"),
        ..Operation::get(Service::Directory, "/policies/authorizationPolicy")
    },
    Operation {
        id: "groupLifecyclePolicies.list",
        delegated: Some("Directory.Read.All"),
        application: Some("Directory.Read.All"),
        weight: 50,
        doc: page!("grouplifecyclepolicy-list"),
        ..Operation::get(Service::Directory, "/groupLifecyclePolicies")
    },
    Operation {
        id: "caPolicies.list",
        delegated: Some("Policy.Read.All"),
        application: Some("Policy.Read.All"),
        weight: 20,
        doc: page!("conditionalaccessroot-list-policies"),
        ..Operation::get(Service::Directory, "/identity/conditionalAccess/policies")
    },
    Operation {
        id: "namedLocations.list",
        delegated: Some("Policy.Read.All"),
        application: Some("Policy.Read.All"),
        weight: 20,
        doc: page!("conditionalaccessroot-list-namedlocations"),
        ..Operation::get(Service::Directory, "/identity/conditionalAccess/namedLocations")
    },
    Operation {
        id: "directoryObjects.getByIds",
        delegated: Some("Directory.Read.All"),
        application: Some("Directory.Read.All"),
        needs: &[Need::id("user-id", "users.list")],
        body: Body::Json(one_user),
        weight: 50,
        doc: page!("directoryobject-getbyids"),
        ..Operation::request(Method::Post, Service::Directory, "/directoryObjects/getByIds")
    },
];

fn one_user(_: &mut Contents) -> Value {
    json!({ "ids": ["{user-id}"], "types": ["user"] })
}
