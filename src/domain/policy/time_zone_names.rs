//! Names that people give a time zone instead of that of the IANA database: Windows' names, cities, offsets from UTC.

use tzdb_data::TZ_NAMES;

use crate::domain::suggest;

/// Names of Windows, without `Standard Time`. Source: Unicode CLDR, windowsZones.xml, territory 001.
///
/// One text and not a table: a table of pointers would be relocated at each start of the process.
const WINDOWS: &str = "\
afghanistan=Asia/Kabul
alaskan=America/Anchorage
aleutian=America/Adak
altai=Asia/Barnaul
arab=Asia/Riyadh
arabian=Asia/Dubai
arabic=Asia/Baghdad
argentina=America/Argentina/Buenos_Aires
astrakhan=Europe/Astrakhan
atlantic=America/Halifax
aus central=Australia/Darwin
aus central w.=Australia/Eucla
aus eastern=Australia/Sydney
azerbaijan=Asia/Baku
azores=Atlantic/Azores
bahia=America/Bahia
bangladesh=Asia/Dhaka
belarus=Europe/Minsk
bougainville=Pacific/Bougainville
canada central=America/Regina
cape verde=Atlantic/Cape_Verde
caucasus=Asia/Yerevan
cen. australia=Australia/Adelaide
central=America/Chicago
central america=America/Guatemala
central asia=Asia/Almaty
central brazilian=America/Cuiaba
central europe=Europe/Budapest
central european=Europe/Warsaw
central pacific=Pacific/Guadalcanal
chatham islands=Pacific/Chatham
china=Asia/Shanghai
cuba=America/Havana
e. africa=Africa/Nairobi
e. australia=Australia/Brisbane
e. europe=Europe/Chisinau
e. south america=America/Sao_Paulo
easter island=Pacific/Easter
eastern=America/New_York
egypt=Africa/Cairo
ekaterinburg=Asia/Yekaterinburg
fiji=Pacific/Fiji
fle=Europe/Kiev
georgian=Asia/Tbilisi
gmt=Europe/London
greenland=America/Godthab
greenwich=Atlantic/Reykjavik
gtb=Europe/Bucharest
haiti=America/Port-au-Prince
hawaiian=Pacific/Honolulu
india=Asia/Kolkata
iran=Asia/Tehran
israel=Asia/Jerusalem
jordan=Asia/Amman
kaliningrad=Europe/Kaliningrad
korea=Asia/Seoul
libya=Africa/Tripoli
line islands=Pacific/Kiritimati
lord howe=Australia/Lord_Howe
magadan=Asia/Magadan
marquesas=Pacific/Marquesas
mauritius=Indian/Mauritius
middle east=Asia/Beirut
montevideo=America/Montevideo
morocco=Africa/Casablanca
mountain=America/Denver
myanmar=Asia/Rangoon
n. central asia=Asia/Novosibirsk
namibia=Africa/Windhoek
nepal=Asia/Kathmandu
new zealand=Pacific/Auckland
newfoundland=America/St_Johns
norfolk=Pacific/Norfolk
north asia=Asia/Krasnoyarsk
north asia east=Asia/Irkutsk
north korea=Asia/Pyongyang
omsk=Asia/Omsk
pacific=America/Los_Angeles
pacific sa=America/Santiago
pakistan=Asia/Karachi
paraguay=America/Asuncion
romance=Europe/Paris
russian=Europe/Moscow
sa eastern=America/Cayenne
sa pacific=America/Bogota
sa western=America/La_Paz
sakhalin=Asia/Sakhalin
samoa=Pacific/Apia
se asia=Asia/Bangkok
singapore=Asia/Singapore
south africa=Africa/Johannesburg
south sudan=Africa/Juba
sri lanka=Asia/Colombo
sudan=Africa/Khartoum
syria=Asia/Damascus
taipei=Asia/Taipei
tasmania=Australia/Hobart
tokyo=Asia/Tokyo
tomsk=Asia/Tomsk
tonga=Pacific/Tongatapu
transbaikal=Asia/Chita
turkey=Europe/Istanbul
ulaanbaatar=Asia/Ulaanbaatar
us eastern=America/Indiana/Indianapolis
us mountain=America/Phoenix
venezuela=America/Caracas
vladivostok=Asia/Vladivostok
w. australia=Australia/Perth
w. central africa=Africa/Lagos
w. europe=Europe/Berlin
w. mongolia=Asia/Hovd
west asia=Asia/Tashkent
west bank=Asia/Hebron
west pacific=Pacific/Port_Moresby
yakutsk=Asia/Yakutsk
yukon=America/Whitehorse";

/// Places and abbreviations that the database has no zone of its own for.
const PLACES: &str = "\
beijing=Asia/Shanghai
peking=Asia/Shanghai
guangzhou=Asia/Shanghai
shenzhen=Asia/Shanghai
hangzhou=Asia/Shanghai
chengdu=Asia/Shanghai
nanjing=Asia/Shanghai
wuhan=Asia/Shanghai
tianjin=Asia/Shanghai
xian=Asia/Shanghai
prc=Asia/Shanghai
cst=Asia/Shanghai
中国=Asia/Shanghai
北京=Asia/Shanghai
上海=Asia/Shanghai
重庆=Asia/Shanghai
香港=Asia/Hong_Kong
台北=Asia/Taipei
东京=Asia/Tokyo
japan=Asia/Tokyo
osaka=Asia/Tokyo
delhi=Asia/Kolkata
new delhi=Asia/Kolkata
mumbai=Asia/Kolkata
bangalore=Asia/Kolkata
ist=Asia/Kolkata
germany=Europe/Berlin
munich=Europe/Berlin
frankfurt=Europe/Berlin
hamburg=Europe/Berlin
france=Europe/Paris
spain=Europe/Madrid
barcelona=Europe/Madrid
italy=Europe/Rome
milan=Europe/Rome
uk=Europe/London
england=Europe/London
manchester=Europe/London
switzerland=Europe/Zurich
geneva=Europe/Zurich
cet=Europe/Berlin
bst=Europe/London
russia=Europe/Moscow
brazil=America/Sao_Paulo
rio de janeiro=America/Sao_Paulo
washington=America/New_York
boston=America/New_York
miami=America/New_York
atlanta=America/New_York
est=America/New_York
edt=America/New_York
dallas=America/Chicago
houston=America/Chicago
cdt=America/Chicago
mst=America/Denver
san francisco=America/Los_Angeles
seattle=America/Los_Angeles
las vegas=America/Los_Angeles
pst=America/Los_Angeles
pdt=America/Los_Angeles
canberra=Australia/Sydney
wellington=Pacific/Auckland
utc=UTC
gmt=UTC
z=UTC";

/// A zone for each offset from UTC in minutes, one where many people live.
const OFFSETS: &str = "\
-600=Pacific/Honolulu
-540=America/Anchorage
-480=America/Los_Angeles
-420=America/Denver
-360=America/Chicago
-300=America/New_York
-240=America/Halifax
-210=America/St_Johns
-180=America/Sao_Paulo
-60=Atlantic/Azores
0=UTC
60=Europe/Berlin
120=Europe/Athens
180=Europe/Moscow
210=Asia/Tehran
240=Asia/Dubai
270=Asia/Kabul
300=Asia/Karachi
330=Asia/Kolkata
345=Asia/Kathmandu
360=Asia/Dhaka
390=Asia/Rangoon
420=Asia/Bangkok
480=Asia/Shanghai
540=Asia/Tokyo
570=Australia/Adelaide
600=Australia/Sydney
660=Pacific/Guadalcanal
720=Pacific/Auckland";

/// The zone that a text which is not a zone's name most likely means.
pub(super) fn nearest_zone(text: &str) -> Option<&'static str> {
    // `(UTC+08:00) Beijing, Chongqing, Hong Kong, Urumqi` is how Windows shows a zone.
    let lower = text.to_lowercase();
    let name = lower.strip_prefix('(').and_then(|rest| rest.split_once(')')).map_or(lower.as_str(), |(_, name)| name);
    let name = name.split(',').next().unwrap_or_default().trim();
    let windows = name.strip_suffix(" standard time").or_else(|| name.strip_suffix(" daylight time"));
    windows
        .and_then(|name| look_up(WINDOWS, name))
        .or_else(|| look_up(PLACES, name))
        .or_else(|| city(name))
        .or_else(|| look_up(OFFSETS, &offset_minutes(&lower)?.to_string()))
        .or_else(|| look_up(WINDOWS, name))
        .or_else(|| suggest::nearest(text, TZ_NAMES.iter().copied()))
}

fn look_up(table: &'static str, key: &str) -> Option<&'static str> {
    table.lines().filter_map(|line| line.split_once('=')).find(|(name, _)| *name == key).map(|(_, zone)| zone)
}

/// The zone with this name in any case, or that ends with this city.
fn city(name: &str) -> Option<&'static str> {
    let plain = |text: &str| text.to_lowercase().replace([' ', '-'], "_");
    let name = plain(name);
    TZ_NAMES.iter().copied().find(|zone| {
        let zone = plain(zone);
        !name.is_empty() && (zone == name || zone.rsplit_once('/').is_some_and(|(_, city)| city == name))
    })
}

/// Of `utc+8`, `gmt+08:00`, `+0530`, `(utc+08:00) ...`.
fn offset_minutes(text: &str) -> Option<i32> {
    let text = text.trim_start_matches('(');
    let text = text.strip_prefix("utc").or_else(|| text.strip_prefix("gmt")).unwrap_or(text).trim_start();
    let (sign, digits) = match text.chars().next()? {
        '+' => (1, &text[1..]),
        '-' => (-1, &text[1..]),
        '−' => (-1, &text['−'.len_utf8()..]),
        _ => return None,
    };
    let end = digits.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(digits.len());
    let (hours, minutes) = match digits[..end].split_once(':') {
        Some(parts) => parts,
        None if end > 2 => digits[..end].split_at(end - 2),
        None => (&digits[..end], "0"),
    };
    let (hours, minutes) = (hours.parse::<i32>().ok()?, minutes.parse::<i32>().ok()?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_zone_that_is_meant_is_found() {
        for (text, zone) in [
            ("Beijing", "Asia/Shanghai"),
            ("UTC+8", "Asia/Shanghai"),
            ("utc +08:00", "Asia/Shanghai"),
            ("GMT+0800", "Asia/Shanghai"),
            ("+08:00", "Asia/Shanghai"),
            ("China Standard Time", "Asia/Shanghai"),
            ("China", "Asia/Shanghai"),
            ("(UTC+08:00) Beijing, Chongqing, Hong Kong, Urumqi", "Asia/Shanghai"),
            ("北京", "Asia/Shanghai"),
            ("asia/shanghai", "Asia/Shanghai"),
            ("Asia/Shangai", "Asia/Shanghai"),
            ("W. Europe Standard Time", "Europe/Berlin"),
            ("Eastern Daylight Time", "America/New_York"),
            ("New York", "America/New_York"),
            ("Hong Kong", "Asia/Hong_Kong"),
            ("UTC-5", "America/New_York"),
            ("UTC+5:30", "Asia/Kolkata"),
            ("utc", "UTC"),
            ("UTC+0", "UTC"),
        ] {
            assert_eq!(nearest_zone(text), Some(zone), "{text}");
        }
        for text in ["", "Mars/Olympus Mons", "UTC+99", "+", "()", "(", "Standard Time"] {
            assert_eq!(nearest_zone(text), None, "{text}");
        }
    }

    #[test]
    fn every_name_in_the_tables_leads_to_a_zone() {
        for line in [WINDOWS, PLACES, OFFSETS].iter().flat_map(|table| table.lines()) {
            let zone = line.split_once('=').map(|(_, zone)| zone);
            assert!(zone.is_some_and(|zone| TZ_NAMES.contains(&zone)), "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_text_leads_to_a_zone_or_to_none(text in "\\PC{0,20}|[-+(:)0-9utcgm−]{0,12}") {
            prop_assert!(nearest_zone(&text).is_none_or(|zone| TZ_NAMES.contains(&zone)));
        }
    }
}
