//! The smallest workbook that Excel opens: five XML parts in a zip whose entries are stored as they are.
//!
//! Formats: ECMA-376 (SpreadsheetML, Open Packaging Conventions) and PKWARE's APPNOTE for the zip.

const XML: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#;
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const DOCUMENT: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// A workbook of one sheet. Cells that read as whole numbers become numbers.
pub(super) fn workbook<const N: usize>(sheet: &str, rows: &[[String; N]]) -> Vec<u8> {
    let sheet = escape(sheet);
    let main = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    zip(&[
        (
            "[Content_Types].xml",
            format!(
                r#"{XML}<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{main}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="{main}.worksheet+xml"/></Types>"#
            ),
        ),
        ("_rels/.rels", relationship("officeDocument", "xl/workbook.xml")),
        (
            "xl/workbook.xml",
            format!(
                r#"{XML}<workbook xmlns="{MAIN}" xmlns:r="{DOCUMENT}"><sheets><sheet name="{sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>"#
            ),
        ),
        ("xl/_rels/workbook.xml.rels", relationship("worksheet", "worksheets/sheet1.xml")),
        (
            "xl/worksheets/sheet1.xml",
            format!(r#"{XML}<worksheet xmlns="{MAIN}"><sheetData>{}</sheetData></worksheet>"#, sheet_data(rows)),
        ),
    ])
}

fn relationship(kind: &str, target: &str) -> String {
    format!(
        r#"{XML}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{DOCUMENT}/{kind}" Target="{target}"/></Relationships>"#
    )
}

fn sheet_data<const N: usize>(rows: &[[String; N]]) -> String {
    let row = |(y, cells): (usize, &[String; N])| {
        let cells: String = ('A'..='Z').zip(cells).map(|(x, text)| cell(&format!("{x}{}", y + 1), text)).collect();
        format!(r#"<row r="{}">{cells}</row>"#, y + 1)
    };
    rows.iter().enumerate().map(row).collect()
}

fn cell(reference: &str, text: &str) -> String {
    match text.parse::<i64>() {
        Ok(number) => format!(r#"<c r="{reference}"><v>{number}</v></c>"#),
        Err(_) => format!(r#"<c r="{reference}" t="inlineStr"><is><t>{}</t></is></c>"#, escape(text)),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

// Names and contents are ours: a few small parts, so no length comes near the limits of the format.

/// Local headers with their contents, then the central directory, then its end. No compression, and always the first
/// date of the format, so that equal parts make equal files.
fn zip(parts: &[(&str, String)]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in parts {
        let offset = length(file.len());
        let common = header(name, content.as_bytes());
        file.extend(0x0403_4b50_u32.to_le_bytes());
        file.extend(&common);
        file.extend(name.bytes());
        file.extend(content.bytes());

        directory.extend(0x0201_4b50_u32.to_le_bytes());
        directory.extend(20_u16.to_le_bytes()); // made by version 2.0
        directory.extend(&common);
        directory.extend([0; 10]); // no comment, first disk, no attributes
        directory.extend(offset.to_le_bytes());
        directory.extend(name.bytes());
    }
    let (start, count) = (length(file.len()), u16::try_from(parts.len()).unwrap_or(u16::MAX));
    file.extend(&directory);
    file.extend(0x0605_4b50_u32.to_le_bytes());
    file.extend([0; 4]); // one disk
    file.extend(count.to_le_bytes());
    file.extend(count.to_le_bytes());
    file.extend(length(directory.len()).to_le_bytes());
    file.extend(start.to_le_bytes());
    file.extend([0; 2]); // no comment
    file
}

/// The fields that the local header and the central directory share.
fn header(name: &str, content: &[u8]) -> Vec<u8> {
    let size = length(content.len());
    let mut header = Vec::with_capacity(26);
    header.extend(20_u16.to_le_bytes()); // needs version 2.0
    header.extend([0; 4]); // no flags, stored
    header.extend([0, 0, 0x21, 0]); // 00:00 on 1980-01-01
    header.extend(crc32(content).to_le_bytes());
    header.extend(size.to_le_bytes());
    header.extend(size.to_le_bytes());
    header.extend(u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes());
    header.extend([0; 2]); // no extra field
    header
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_that_zip_uses() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn a_workbook_can_be_read_back_part_by_part() {
        let rows = [["Item", "Amount"].map(str::to_owned), ["salt & <pepper>", "12"].map(str::to_owned)];
        let parts = unzip(&workbook("Sheet1", &rows));
        let names: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
        let expected = [
            "[Content_Types].xml",
            "_rels/.rels",
            "xl/workbook.xml",
            "xl/_rels/workbook.xml.rels",
            "xl/worksheets/sheet1.xml",
        ];
        assert_eq!(names, expected);
        let sheet = &parts[4].1;
        assert!(sheet.contains(r#"<c r="A1" t="inlineStr"><is><t>Item</t></is></c>"#), "{sheet}");
        assert!(sheet.contains("salt &amp; &lt;pepper&gt;"), "{sheet}");
        assert!(sheet.contains(r#"<c r="B2"><v>12</v></c>"#), "{sheet}");
    }

    /// Reads through the central directory, as programs do, and checks it against the local headers.
    fn unzip(file: &[u8]) -> Vec<(String, String)> {
        let u16_at = |at: usize| usize::from(u16::from_le_bytes(file[at..at + 2].try_into().unwrap()));
        let u32_at = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
        let end = file.len() - 22;
        assert_eq!(u32_at(end), 0x0605_4b50);
        let mut at = u32_at(end + 16) as usize;
        let parts = (0..u16_at(end + 10))
            .map(|_| {
                assert_eq!(u32_at(at), 0x0201_4b50);
                let (size, name_size, local) = (u32_at(at + 24) as usize, u16_at(at + 28), u32_at(at + 42) as usize);
                assert_eq!(u32_at(local), 0x0403_4b50);
                assert_eq!(file[local + 4..local + 30], file[at + 6..at + 32]);
                let content = &file[local + 30 + name_size..][..size];
                assert_eq!(u32_at(at + 16), crc32(content));
                let name = String::from_utf8(file[at + 46..][..name_size].to_vec()).unwrap();
                assert_eq!(name.as_bytes(), &file[local + 30..][..name_size]);
                at += 46 + name_size;
                (name, String::from_utf8(content.to_vec()).unwrap())
            })
            .collect();
        assert_eq!(at, end, "the directory ends where its end record begins");
        parts
    }
}
