//! Bookings businesses, where there are any.

use super::{Need, Operation, Service};

pub(super) const ROWS: &[Operation] = &[
    Operation {
        id: "bookings.list",
        delegated: Some("Bookings.Read.All"),
        application: Some("Bookings.Read.All"),
        doc: page!("bookingbusiness-list"),
        ..Operation::get(Service::Bookings, "/solutions/bookingBusinesses")
    },
    Operation {
        id: "bookings.currencies",
        delegated: Some("Bookings.Read.All"),
        doc: page!("bookingcurrency-list"),
        ..Operation::get(Service::Bookings, "/solutions/bookingCurrencies")
    },
    Operation {
        id: "bookings.appointments",
        delegated: Some("Bookings.Read.All"),
        application: Some("BookingsAppointment.ReadWrite.All"),
        needs: &[Need::id("bookingBusiness-id", "bookings.list")],
        weight: 60,
        doc: page!("bookingbusiness-list-appointments"),
        ..Operation::get(Service::Bookings, "/solutions/bookingBusinesses/{bookingBusiness-id}/appointments")
    },
    Operation {
        id: "bookings.services",
        delegated: Some("Bookings.Read.All"),
        application: Some("BookingsAppointment.ReadWrite.All"),
        needs: &[Need::id("bookingBusiness-id", "bookings.list")],
        weight: 60,
        doc: page!("bookingbusiness-list-services"),
        ..Operation::get(Service::Bookings, "/solutions/bookingBusinesses/{bookingBusiness-id}/services")
    },
];
