//! When work is done.

use jiff::civil::Date;

use crate::{
    decode::{List, Name, OpeningText, Zone, table},
    id::BusinessHoursId,
};

table! {
    Week = "week", "When it is open on which day of the week. A day that is not written is closed.";
    weekdays: List<OpeningText>, optional, "Monday to Friday; a day that is written itself says its own.",
        "[\"09:00-17:00\"]";
    monday: List<OpeningText>, optional, "Mondays.", "[\"09:00-12:30\", \"13:30-18:00\"]";
    tuesday: List<OpeningText>, optional, "Tuesdays.", "[\"09:00-17:00\"]";
    wednesday: List<OpeningText>, optional, "Wednesdays.", "[\"09:00-17:00\"]";
    thursday: List<OpeningText>, optional, "Thursdays.", "[\"09:00-17:00\"]";
    friday: List<OpeningText>, optional, "Fridays; an empty list is closed.", "[\"09:00-15:00\"]";
    saturday: List<OpeningText>, optional, "Saturdays.", "[\"10:00-14:00\"]";
    sunday: List<OpeningText>, optional, "Sundays.", "[\"10:00-14:00\"]";
}

table! {
    SpecialDay = "special_day", "A day that is otherwise than its day of the week.";
    on: Date, required, "The day.", "2026-12-24";
    open: List<OpeningText>, required, "When it is open.", "[\"09:00-12:00\"]";
}

table! {
    BusinessHours = "business_hours", "When work is done, so that times can be measured in it.";
    business_hours: Name<BusinessHoursId>, required, "The name in definitions.", "support_desk";
    name: String, required, "The name shown to people.", "Support desk";
    time_zone: Zone, optional, "The zone whose clocks are meant; default the project's.", "Europe/Berlin";
    week: Week, required, "When it is open on which day of the week.", "{weekdays: [\"09:00-17:00\"]}";
    holidays: List<Date>, optional, "Days on which it is closed.", "[2026-12-25, 2026-12-26]";
    special_days: List<SpecialDay>, optional, "Days that are otherwise.", "[{on: 2026-12-24, open: [\"09:00-12:00\"]}]";
}
