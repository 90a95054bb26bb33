//! The account's own user and its colleagues in the directory.

use serde_json::{Value, json};

use super::operation::{Body, Effect, Method, Need, Operation, OrphanQuery};
use super::permissions;
use super::service::Service;
use crate::domain::catalogue::contents::Contents;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "user.me.get",
        query: "$select=id,displayName,userPrincipalName",
        delegated: permissions::OWN_USER_READ,
        application: permissions::USERS_READ_BASIC,
        doc: page!("user-get"),
        ..Operation::get(Service::Users, "/me")
    },
    Operation {
        id: "user.photo.meta",
        delegated: permissions::PHOTOS_READ,
        application: permissions::PHOTOS_READ_APP,
        expected: &[404],
        doc: page!("profilephoto-get"),
        ..Operation::get(Service::Users, "/me/photo")
    },
    Operation {
        id: "user.photos.list",
        delegated: permissions::PHOTOS_READ,
        application: permissions::PHOTOS_READ_APP,
        expected: &[404],
        weight: 60,
        doc: page!("profilephoto-get"),
        ..Operation::get(Service::Users, "/me/photos")
    },
    Operation {
        id: "user.manager",
        query: "$select=id",
        delegated: permissions::USERS_READ,
        application: permissions::USERS_READ,
        expected: &[404],
        doc: page!("user-list-manager"),
        ..Operation::get(Service::Users, "/me/manager")
    },
    Operation {
        id: "user.directReports",
        query: "$top=5&$select=id",
        delegated: permissions::OWN_OBJECTS_READ,
        application: permissions::USERS_READ,
        doc: page!("user-list-directreports"),
        ..Operation::get(Service::Users, "/me/directReports")
    },
    Operation {
        id: "user.memberOf",
        query: "$top=5&$select=id",
        delegated: permissions::OWN_MEMBERSHIPS_READ,
        application: permissions::MEMBERSHIPS_READ,
        doc: page!("user-list-memberof"),
        ..Operation::get(Service::Users, "/me/memberOf")
    },
    Operation {
        id: "user.transitiveMemberOf",
        query: "$top=5&$select=id",
        delegated: permissions::OWN_TRANSITIVE_MEMBERSHIPS_READ,
        application: permissions::TRANSITIVE_MEMBERSHIPS_READ,
        doc: page!("user-list-transitivememberof"),
        ..Operation::get(Service::Users, "/me/transitiveMemberOf")
    },
    Operation {
        id: "user.ownedObjects",
        query: "$top=5&$select=id",
        delegated: permissions::OWN_OBJECTS_READ,
        application: permissions::USERS_READ,
        doc: page!("user-list-ownedobjects"),
        ..Operation::get(Service::Users, "/me/ownedObjects")
    },
    Operation {
        id: "user.createdObjects",
        query: "$top=5&$select=id",
        delegated: permissions::OWN_CREATED_OBJECTS_READ,
        application: permissions::USERS_READ,
        weight: 60,
        doc: page!("user-list-createdobjects"),
        ..Operation::get(Service::Users, "/me/createdObjects")
    },
    Operation {
        id: "user.ownedDevices",
        query: "$top=5&$select=id",
        delegated: permissions::OWN_OBJECTS_READ,
        application: permissions::USERS_READ,
        doc: page!("user-list-owneddevices"),
        ..Operation::get(Service::Users, "/me/ownedDevices")
    },
    Operation {
        id: "user.registeredDevices",
        query: "$top=5&$select=id",
        delegated: permissions::OWN_OBJECTS_READ,
        application: permissions::USERS_READ,
        weight: 60,
        doc: page!("user-list-registereddevices"),
        ..Operation::get(Service::Users, "/me/registeredDevices")
    },
    Operation {
        id: "user.licenseDetails",
        query: "$select=id,skuPartNumber",
        delegated: permissions::OWN_LICENSES_READ,
        application: permissions::LICENSES_READ,
        doc: page!("user-list-licensedetails"),
        ..Operation::get(Service::Users, "/me/licenseDetails")
    },
    Operation {
        id: "user.settings",
        delegated: &["User.Read", "User.Read.All", "User.ReadWrite.All"],
        application: &["User.Read.All", "User.ReadWrite.All"],
        weight: 60,
        doc: page!("usersettings-get"),
        ..Operation::get(Service::Users, "/me/settings")
    },
    Operation {
        id: "user.oauthGrants",
        query: "$top=5",
        delegated: &["Directory.Read.All", "DelegatedPermissionGrant.ReadWrite.All"],
        application: &["Directory.Read.All", "DelegatedPermissionGrant.ReadWrite.All"],
        weight: 60,
        doc: page!("user-list-oauth2permissiongrants"),
        ..Operation::get(Service::Users, "/me/oauth2PermissionGrants")
    },
    Operation {
        id: "user.appRoleAssignments",
        query: "$top=5",
        delegated: &["Directory.Read.All", "AppRoleAssignment.ReadWrite.All"],
        application: &["Directory.Read.All", "AppRoleAssignment.ReadWrite.All"],
        weight: 60,
        doc: page!("user-list-approleassignments"),
        ..Operation::get(Service::Users, "/me/appRoleAssignments")
    },
    Operation {
        id: "user.authMethods",
        delegated: permissions::OWN_METHODS_READ,
        application: &["UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"],
        weight: 60,
        doc: page!("authentication-list-methods"),
        ..Operation::get(Service::Users, "/me/authentication/methods")
    },
    Operation {
        id: "user.getMemberGroups",
        delegated: permissions::MEMBER_GROUPS_READ,
        application: permissions::MEMBER_GROUPS_READ,
        body: Body::Json(groups_or_all),
        doc: page!("directoryobject-getmembergroups"),
        ..Operation::request(Method::Post, Service::Users, "/me/getMemberGroups")
    },
    Operation {
        id: "user.getMemberObjects",
        delegated: permissions::OWN_MEMBER_OBJECTS_READ,
        application: permissions::MEMBER_OBJECTS_READ,
        body: Body::Json(groups_or_all),
        doc: page!("directoryobject-getmemberobjects"),
        ..Operation::request(Method::Post, Service::Users, "/me/getMemberObjects")
    },
    Operation {
        id: "user.checkMemberGroups",
        delegated: permissions::MEMBER_OBJECTS_READ,
        application: permissions::MEMBER_OBJECTS_READ,
        needs: &[Need::id("group-id", "groups.list")],
        body: Body::Json(one_group),
        weight: 60,
        doc: page!("directoryobject-checkmembergroups"),
        ..Operation::request(Method::Post, Service::Users, "/me/checkMemberGroups")
    },
    Operation {
        id: "users.list",
        query: "$top=5&$select=id,displayName",
        delegated: permissions::USERS_READ_BASIC,
        application: permissions::USERS_READ_BASIC,
        doc: page!("user-list"),
        ..Operation::get(Service::Users, "/users")
    },
    Operation {
        id: "users.get",
        query: "$select=id,displayName",
        delegated: permissions::USERS_READ_BASIC,
        application: permissions::USERS_READ_BASIC,
        needs: &[Need::id("user-id", "users.list")],
        doc: page!("user-get"),
        ..Operation::get(Service::Users, "/users/{user-id}")
    },
    Operation {
        id: "users.delta",
        query: "$top=5&$select=id",
        delegated: permissions::USERS_READ,
        application: permissions::USERS_READ,
        doc: page!("user-delta"),
        ..Operation::get(Service::Users, "/users/delta")
    },
    Operation {
        id: "users.photo.value",
        delegated: permissions::PHOTOS_READ,
        application: permissions::PHOTOS_READ_APP,
        needs: &[Need::id("user-id", "users.list")],
        expected: &[404],
        weight: 60,
        doc: page!("profilephoto-get"),
        ..Operation::get(Service::Users, "/users/{user-id}/photo")
    },
    Operation {
        id: "extension.list",
        delegated: &["User.Read"],
        doc: page!("opentypeextension-get"),
        ..Operation::get(Service::Users, "/me/extensions")
    },
    // Not app-only: only the user can list their extensions, so an app would never find one that a crash left behind.
    Operation {
        id: "extension.create",
        delegated: &["User.ReadWrite"],
        body: Body::Json(extension),
        effect: Effect::Create {
            undo: "extension.delete",
            orphans: OrphanQuery { list: "extension.list", query: "", name: "id", take: "id" },
        },
        doc: page!("opentypeextension-post-opentypeextension"),
        ..Operation::request(Method::Post, Service::Users, "/me/extensions")
    },
    Operation {
        id: "extension.delete",
        delegated: &["User.ReadWrite"],
        needs: &[Need::id("extension-id", "extension.create")],
        effect: Effect::Remove { made_by: "extension.create" },
        expected: &[404],
        doc: page!("opentypeextension-delete"),
        ..Operation::request(Method::Delete, Service::Users, "/me/extensions/{extension-id}")
    },
];

fn groups_or_all(contents: &mut Contents) -> Value {
    json!({ "securityEnabledOnly": contents.probability(0.5) })
}

fn one_group(_: &mut Contents) -> Value {
    json!({ "groupIds": ["{group-id}"] })
}

fn extension(contents: &mut Contents) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.openTypeExtension",
        "extensionName": contents.token_name(),
        "theme": contents.noun(),
        "note": contents.sentence(),
        "round": contents.number(1..1000),
    })
}
