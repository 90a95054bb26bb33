//! The tenant: organisation, domains, licences, roles, policies.

use serde_json::{Value, json};

use super::operation::{Body, Method, Need, Operation};
use super::permissions;
use super::service::Service;
use crate::domain::catalogue::contents::Contents;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "organization.get",
        query: "$select=id,displayName",
        delegated: permissions::OWN_ORGANIZATION_READ,
        application: permissions::ORGANIZATION_READ,
        doc: page!("organization-list"),
        ..Operation::get(Service::Directory, "/organization")
    },
    Operation {
        id: "domains.list",
        query: "$select=id,isDefault",
        delegated: &["Domain.Read.All", "Directory.Read.All", "Domain.ReadWrite.All"],
        application: &["Domain.Read.All", "Directory.Read.All", "Domain.ReadWrite.All"],
        doc: page!("domain-list"),
        ..Operation::get(Service::Directory, "/domains")
    },
    Operation {
        id: "skus.list",
        query: "$select=id,skuPartNumber",
        delegated: permissions::SUBSCRIBED_SKUS_READ,
        application: permissions::SUBSCRIBED_SKUS_READ,
        doc: page!("subscribedsku-list"),
        ..Operation::get(Service::Directory, "/subscribedSkus")
    },
    Operation {
        id: "subscriptions.commercial",
        delegated: &["Organization.Read.All", "Directory.Read.All"],
        application: &["Organization.Read.All", "Directory.Read.All", "Organization.ReadWrite.All"],
        doc: page!("directory-list-subscriptions"),
        ..Operation::get(Service::Directory, "/directory/subscriptions")
    },
    Operation {
        id: "directoryRoles.list",
        query: "$select=id,displayName",
        delegated: permissions::ROLES_READ,
        application: permissions::ROLES_READ,
        doc: page!("directoryrole-list"),
        ..Operation::get(Service::Directory, "/directoryRoles")
    },
    Operation {
        id: "directoryRoleTemplates.list",
        delegated: permissions::ROLES_READ,
        application: permissions::ROLES_READ,
        weight: 50,
        doc: page!("directoryroletemplate-list"),
        ..Operation::get(Service::Directory, "/directoryRoleTemplates")
    },
    Operation {
        id: "roleDefinitions.list",
        query: "$top=5&$select=id,displayName",
        delegated: permissions::ROLE_DEFINITIONS_READ,
        application: permissions::ROLE_DEFINITIONS_READ,
        doc: page!("rbacapplication-list-roledefinitions"),
        ..Operation::get(Service::Directory, "/roleManagement/directory/roleDefinitions")
    },
    Operation {
        id: "roleAssignments.list",
        delegated: permissions::ROLE_DEFINITIONS_READ,
        application: permissions::ROLES_READ,
        weight: 50,
        doc: page!("rbacapplication-list-roleassignments"),
        ..Operation::get(Service::Directory, "/roleManagement/directory/roleAssignments")
    },
    Operation {
        id: "adminUnits.list",
        query: "$top=5&$select=id,displayName",
        delegated: permissions::ADMIN_UNITS_READ,
        application: permissions::ADMIN_UNITS_READ_APP,
        weight: 50,
        doc: page!("directory-list-administrativeunits"),
        ..Operation::get(Service::Directory, "/directory/administrativeUnits")
    },
    Operation {
        id: "deletedUsers.list",
        query: "$top=5&$select=id,displayName",
        delegated: &["User.Read.All", "User.ReadWrite.All"],
        application: &["User.Read.All", "User.ReadWrite.All"],
        weight: 50,
        doc: page!("directory-deleteditems-list"),
        ..Operation::get(Service::Directory, "/directory/deletedItems/microsoft.graph.user")
    },
    Operation {
        id: "deletedGroups.list",
        query: "$top=5&$select=id,displayName",
        delegated: permissions::GROUPS_READ,
        application: permissions::GROUPS_READ,
        weight: 50,
        doc: page!("directory-deleteditems-list"),
        ..Operation::get(Service::Directory, "/directory/deletedItems/microsoft.graph.group")
    },
    Operation {
        id: "devices.list",
        query: "$top=5&$select=id,displayName",
        delegated: &["Device.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"],
        application: permissions::DEVICES_READ_APP,
        doc: page!("device-list"),
        ..Operation::get(Service::Directory, "/devices")
    },
    Operation {
        id: "orgContacts.list",
        query: "$top=5&$select=id,displayName",
        delegated: &["OrgContact.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"],
        application: &["OrgContact.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"],
        doc: page!("orgcontact-list"),
        ..Operation::get(Service::Directory, "/contacts")
    },
    Operation {
        id: "oauthGrants.list",
        query: "$top=5",
        delegated: &["Directory.Read.All", "Directory.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All"],
        application: &["Directory.Read.All", "Directory.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All"],
        doc: page!("oauth2permissiongrant-list"),
        ..Operation::get(Service::Directory, "/oauth2PermissionGrants")
    },
    Operation {
        id: "schemaExtensions.list",
        query: "$top=5&$select=id",
        delegated: &["User.Read", "Application.Read.All"],
        application: &["Application.Read.All"],
        doc: page!("schemaextension-list"),
        ..Operation::get(Service::Directory, "/schemaExtensions")
    },
    Operation {
        id: "securityDefaults.get",
        delegated: &["Policy.Read.All"],
        application: &["Policy.Read.All"],
        doc: page!("identitysecuritydefaultsenforcementpolicy-get"),
        ..Operation::get(Service::Directory, "/policies/identitySecurityDefaultsEnforcementPolicy")
    },
    Operation {
        id: "authorizationPolicy.get",
        delegated: &["Policy.Read.All", "Policy.ReadWrite.Authorization"],
        application: &["Policy.Read.All", "Policy.ReadWrite.Authorization"],
        weight: 50,
        doc: page!("authorizationpolicy-get"),
        ..Operation::get(Service::Directory, "/policies/authorizationPolicy")
    },
    Operation {
        id: "groupLifecyclePolicies.list",
        delegated: &["Directory.Read.All", "Directory.ReadWrite.All"],
        application: &["Directory.Read.All", "Directory.ReadWrite.All"],
        weight: 50,
        doc: page!("grouplifecyclepolicy-list"),
        ..Operation::get(Service::Directory, "/groupLifecyclePolicies")
    },
    Operation {
        id: "caPolicies.list",
        delegated: &["Policy.Read.All"],
        application: &["Policy.Read.All"],
        weight: 20,
        doc: page!("conditionalaccessroot-list-policies"),
        ..Operation::get(Service::Directory, "/identity/conditionalAccess/policies")
    },
    Operation {
        id: "namedLocations.list",
        delegated: &["Policy.Read.All"],
        application: &["Policy.Read.All"],
        weight: 20,
        doc: page!("conditionalaccessroot-list-namedlocations"),
        ..Operation::get(Service::Directory, "/identity/conditionalAccess/namedLocations")
    },
    Operation {
        id: "directoryObjects.getByIds",
        delegated: &["Directory.Read.All"],
        application: &["Directory.Read.All"],
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
