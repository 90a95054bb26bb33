//! Managed devices.

use super::operation::Operation;
use super::service::Service;

pub(super) const ROWS: &[Operation] = &[Operation {
    id: "intune.devices",
    query: "$top=5&$select=id,deviceName",
    delegated: &["DeviceManagementManagedDevices.Read.All"],
    application: &["DeviceManagementManagedDevices.Read.All"],
    weight: 60,
    doc: page!("intune-devices-manageddevice-list"),
    ..Operation::get(Service::Intune, "/deviceManagement/managedDevices")
}];
