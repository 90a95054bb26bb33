//! The account's own user and its colleagues in the directory.

use serde_json::{Value, json};

use super::{Body, Effect, Leftover, Method, Need, Operation, Service};
use crate::domain::contents::Contents;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "user.me.get",
        query: "$select=id,displayName,userPrincipalName",
        delegated: Some("User.Read"),
        application: Some("User.ReadBasic.All"),
        doc: page!("user-get"),
        ..Operation::get(Service::Users, "/me")
    },
    Operation {
        id: "user.photo.meta",
        delegated: Some("User.Read"),
        application: Some("ProfilePhoto.Read.All"),
        expected: &[404],
        doc: page!("profilephoto-get"),
        ..Operation::get(Service::Users, "/me/photo")
    },
    Operation {
        id: "user.photos.list",
        delegated: Some("User.Read"),
        application: Some("ProfilePhoto.Read.All"),
        expected: &[404],
        weight: 60,
        doc: page!("profilephoto-get"),
        ..Operation::get(Service::Users, "/me/photos")
    },
    Operation {
        id: "user.manager",
        query: "$select=id",
        delegated: Some("User.Read.All"),
        application: Some("User.Read.All"),
        expected: &[404],
        doc: page!("user-list-manager"),
        ..Operation::get(Service::Users, "/me/manager")
    },
    Operation {
        id: "user.directReports",
        query: "$top=5&$select=id",
        delegated: Some("User.Read"),
        application: Some("User.Read.All"),
        doc: page!("user-list-directreports"),
        ..Operation::get(Service::Users, "/me/directReports")
    },
    Operation {
        id: "user.memberOf",
        query: "$top=5&$select=id",
        delegated: Some("User.Read"),
        application: Some("Directory.Read.All"),
        doc: page!("user-list-memberof"),
        ..Operation::get(Service::Users, "/me/memberOf")
    },
    Operation {
        id: "user.transitiveMemberOf",
        query: "$top=5&$select=id",
        delegated: Some("User.Read"),
        application: Some("User.Read.All"),
        doc: page!("user-list-transitivememberof"),
        ..Operation::get(Service::Users, "/me/transitiveMemberOf")
    },
    Operation {
        id: "user.ownedObjects",
        query: "$top=5&$select=id",
        delegated: Some("User.Read"),
        application: Some("User.Read.All"),
        doc: page!("user-list-ownedobjects"),
        ..Operation::get(Service::Users, "/me/ownedObjects")
    },
    Operation {
        id: "user.createdObjects",
        query: "$top=5&$select=id",
        delegated: Some("User.Read"),
        application: Some("User.Read.All"),
        weight: 60,
        doc: page!("user-list-createdobjects"),
        ..Operation::get(Service::Users, "/me/createdObjects")
    },
    Operation {
        id: "user.ownedDevices",
        query: "$top=5&$select=id",
        delegated: Some("User.Read"),
        application: Some("User.Read.All"),
        doc: page!("user-list-owneddevices"),
        ..Operation::get(Service::Users, "/me/ownedDevices")
    },
    Operation {
        id: "user.registeredDevices",
        query: "$top=5&$select=id",
        delegated: Some("User.Read"),
        application: Some("User.Read.All"),
        weight: 60,
        doc: page!("user-list-registereddevices"),
        ..Operation::get(Service::Users, "/me/registeredDevices")
    },
    Operation {
        id: "user.licenseDetails",
        query: "$select=id,skuPartNumber",
        delegated: Some("User.Read"),
        application: Some("User.Read.All"),
        doc: page!("user-list-licensedetails"),
        ..Operation::get(Service::Users, "/me/licenseDetails")
    },
    Operation {
        id: "user.settings",
        delegated: Some("User.Read"),
        application: Some("User.Read.All"),
        weight: 60,
        doc: page!("usersettings-get"),
        ..Operation::get(Service::Users, "/me/settings")
    },
    Operation {
        id: "user.oauthGrants",
        query: "$top=5",
        delegated: Some("Directory.Read.All"),
        application: Some("Directory.Read.All"),
        weight: 60,
        doc: page!("user-list-oauth2permissiongrants"),
        ..Operation::get(Service::Users, "/me/oauth2PermissionGrants")
    },
    Operation {
        id: "user.appRoleAssignments",
        query: "$top=5",
        delegated: Some("Directory.Read.All"),
        application: Some("Directory.Read.All"),
        weight: 60,
        doc: page!("user-list-approleassignments"),
        ..Operation::get(Service::Users, "/me/appRoleAssignments")
    },
    Operation {
        id: "user.authMethods",
        delegated: Some("UserAuthenticationMethod.Read"),
        application: Some("UserAuthenticationMethod.Read.All"),
        weight: 60,
        doc: page!("authentication-list-methods"),
        ..Operation::get(Service::Users, "/me/authentication/methods")
    },
    Operation {
        id: "user.getMemberGroups",
        delegated: Some("GroupMember.Read.All"),
        application: Some("GroupMember.Read.All"),
        body: Body::Json(groups_or_all),
        doc: page!("directoryobject-getmembergroups"),
        ..Operation::request(Method::Post, Service::Users, "/me/getMemberGroups")
    },
    Operation {
        id: "user.getMemberObjects",
        delegated: Some("User.Read"),
        application: Some("GroupMember.Read.All"),
        body: Body::Json(groups_or_all),
        doc: page!("directoryobject-getmemberobjects"),
        ..Operation::request(Method::Post, Service::Users, "/me/getMemberObjects")
    },
    Operation {
        id: "user.checkMemberGroups",
        delegated: Some("GroupMember.Read.All"),
        application: Some("GroupMember.Read.All"),
        needs: &[Need::id("group-id", "groups.list")],
        body: Body::Json(one_group),
        weight: 60,
        doc: page!("directoryobject-checkmembergroups"),
        ..Operation::request(Method::Post, Service::Users, "/me/checkMemberGroups")
    },
    Operation {
        id: "users.list",
        query: "$top=5&$select=id,displayName",
        delegated: Some("User.ReadBasic.All"),
        application: Some("User.ReadBasic.All"),
        doc: page!("user-list"),
        ..Operation::get(Service::Users, "/users")
    },
    Operation {
        id: "users.get",
        query: "$select=id,displayName",
        delegated: Some("User.ReadBasic.All"),
        application: Some("User.ReadBasic.All"),
        needs: &[Need::id("user-id", "users.list")],
        doc: page!("user-get"),
        ..Operation::get(Service::Users, "/users/{user-id}")
    },
    Operation {
        id: "users.delta",
        query: "$top=5&$select=id",
        delegated: Some("User.Read.All"),
        application: Some("User.Read.All"),
        doc: page!("user-delta"),
        ..Operation::get(Service::Users, "/users/delta")
    },
    Operation {
        id: "users.photo.value",
        delegated: Some("User.Read"),
        application: Some("ProfilePhoto.Read.All"),
        needs: &[Need::id("user-id", "users.list")],
        expected: &[404],
        weight: 60,
        doc: page!("profilephoto-get"),
        ..Operation::get(Service::Users, "/users/{user-id}/photo")
    },
    Operation {
        id: "extension.list",
        delegated: Some("User.Read"),
        doc: page!("opentypeextension-get"),
        ..Operation::get(Service::Users, "/me/extensions")
    },
    // Not app-only: a user's extensions can be listed by that user alone, so that what a crash left
    // would never be found.
    Operation {
        id: "extension.create",
        delegated: Some("User.ReadWrite"),
        body: Body::Json(extension),
        effect: Effect::Create {
            undo: "extension.delete",
            leftover: Leftover { list: "extension.list", query: "", name: "id", take: "id" },
        },
        doc: page!("opentypeextension-post-opentypeextension"),
        ..Operation::request(Method::Post, Service::Users, "/me/extensions")
    },
    Operation {
        id: "extension.delete",
        delegated: Some("User.ReadWrite"),
        needs: &[Need::id("extension-id", "extension.create")],
        effect: Effect::Remove { made_by: "extension.create" },
        expected: &[404],
        doc: page!("opentypeextension-delete"),
        ..Operation::request(Method::Delete, Service::Users, "/me/extensions/{extension-id}")
    },
];

fn groups_or_all(contents: &mut Contents) -> Value {
    json!({ "securityEnabledOnly": contents.chance(0.5) })
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
