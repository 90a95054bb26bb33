//! Bookings businesses, where the tenant has any.

use super::operation::{Need, Operation};
use super::permissions;
use super::service::Service;

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "bookings.list",
        delegated: permissions::BOOKINGS_READ,
        application: &["Bookings.Read.All", "Bookings.ReadWrite.All", "Bookings.Manage.All"],
        doc: page!("bookingbusiness-list"),
        ..Operation::get(Service::Bookings, "/solutions/bookingBusinesses")
    },
    Operation {
        id: "bookings.currencies",
        delegated: permissions::BOOKINGS_READ,
        doc: page!("bookingcurrency-list"),
        ..Operation::get(Service::Bookings, "/solutions/bookingCurrencies")
    },
    Operation {
        id: "bookings.appointments",
        delegated: permissions::BOOKINGS_READ,
        application: permissions::APPOINTMENTS_READ,
        needs: &[Need::id("bookingBusiness-id", "bookings.list")],
        weight: 60,
        doc: page!("bookingbusiness-list-appointments"),
        ..Operation::get(Service::Bookings, "/solutions/bookingBusinesses/{bookingBusiness-id}/appointments")
    },
    Operation {
        id: "bookings.services",
        delegated: permissions::BOOKINGS_READ,
        application: permissions::APPOINTMENTS_READ,
        needs: &[Need::id("bookingBusiness-id", "bookings.list")],
        weight: 60,
        doc: page!("bookingbusiness-list-services"),
        ..Operation::get(Service::Bookings, "/solutions/bookingBusinesses/{bookingBusiness-id}/services")
    },
];
