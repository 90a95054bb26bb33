//! Managed devices.

use super::{Operation, Service};

pub(super) const ROWS: &[Operation] = &[Operation {
    id: "intune.devices",
    query: "$top=5&$select=id,deviceName",
    delegated: Some("DeviceManagementManagedDevices.Read.All"),
    application: Some("DeviceManagementManagedDevices.Read.All"),
    weight: 60,
    doc: page!("intune-devices-manageddevice-list"),
    ..Operation::get(Service::Intune, "/deviceManagement/managedDevices")
}];
