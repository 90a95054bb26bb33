//! Pages in two languages: `docs/zh-CN/NAME.md` says what `docs/NAME.md` says, as far as a test can compare them.

use std::fs;
use std::path::PathBuf;

use crate::portal::NAMES;

fn docs() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs")
}

/// A page, split at its headings.
struct Page {
    first_line: String,
    sections: Vec<Section>,
}

/// A heading with the text below it, up to the next heading.
#[derive(Default)]
struct Section {
    level: usize,
    title: String,
    /// Language and text of the fenced blocks.
    blocks: Vec<(String, String)>,
    prose: String,
}

impl Page {
    fn parse(text: &str) -> Self {
        let mut sections = vec![Section::default()];
        let mut fenced = false;
        for line in text.lines() {
            let section = sections.last_mut().unwrap();
            if let Some(language) = line.strip_prefix("```") {
                fenced = !fenced;
                if fenced {
                    section.blocks.push((language.to_owned(), String::new()));
                }
            } else if fenced {
                let (_, text) = section.blocks.last_mut().unwrap();
                text.push_str(line);
                text.push('\n');
            } else if line.starts_with('#') {
                let level = line.chars().take_while(|c| *c == '#').count();
                sections.push(Section { level, title: line[level..].trim().to_owned(), ..Section::default() });
            } else {
                section.prose.push_str(line);
                section.prose.push('\n');
            }
        }
        assert!(!fenced, "every fence is closed");
        Self { first_line: text.lines().next().unwrap_or_default().to_owned(), sections }
    }
}

impl Section {
    /// The text between backticks.
    fn code(&self) -> Vec<String> {
        sorted(self.prose.split('`').skip(1).step_by(2).map(single_spaced))
    }

    /// The text outside backticks.
    fn words(&self) -> String {
        self.prose.split('`').step_by(2).collect::<Vec<_>>().join("`")
    }

    /// Numbers outside code and addresses: `30` and `0.60`, not the 5 of E5 or the 365 of Microsoft 365.
    fn numbers(&self) -> Vec<String> {
        let words = without_addresses(&self.words());
        let tokens = words.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | ',')));
        let tokens = tokens.map(|token| token.trim_matches(['.', ',']).replace(',', ""));
        sorted(tokens.filter(|token| {
            !token.is_empty() && *token != "365" && token.chars().all(|c| c.is_ascii_digit() || c == '.')
        }))
    }

    /// Addresses of links, without those of other files of the repository.
    fn addresses(&self) -> Vec<&str> {
        sorted(self.links().filter(|link| link.starts_with("http")))
    }

    /// The text between `](` and `)`.
    fn links(&self) -> impl Iterator<Item = &str> {
        self.prose.split("](").skip(1).map(|rest| rest.split(')').next().unwrap())
    }

    fn emphasised(&self) -> Vec<String> {
        self.words().replace("**", "").split('*').skip(1).step_by(2).map(str::to_owned).collect()
    }

    fn lines_with(&self, prefix: &str) -> usize {
        self.prose.lines().filter(|line| line.starts_with(prefix)).count()
    }
}

fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort_unstable();
    items
}

fn without_addresses(text: &str) -> String {
    let mut parts = text.split("](");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + part.split_once(')').map_or(part, |(_, rest)| rest))
}

fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The anchor that GitHub gives a heading.
fn anchor(title: &str) -> String {
    let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// A page of the portal drawn as text, without the frame and the spacing, its names in Chinese.
fn in_chinese(mock_up: &str) -> String {
    let mut names = NAMES.to_vec();
    names.sort_by_key(|(english, _)| std::cmp::Reverse(english.len()));
    names.iter().fold(unframed(mock_up), |text, (english, chinese)| text.replace(english, chinese))
}

fn unframed(mock_up: &str) -> String {
    let line = |line: &str| single_spaced(line.trim_matches(|c: char| "┌─┐│└┘ ".contains(c)));
    mock_up.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Columns on a terminal: a Chinese character takes two.
fn width(line: &str) -> usize {
    line.chars().map(|c| if c >= '\u{2e80}' { 2 } else { 1 }).sum()
}

/// The pages that exist in both languages: name, English, Chinese.
fn pages() -> Vec<(String, Page, Page)> {
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Page::parse(&text)
    };
    let names =
        fs::read_dir(docs().join("zh-CN")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names = sorted(names);
    assert!(names.contains(&"entra.md".to_owned()) && names.contains(&"faq.md".to_owned()), "{names:?}");
    names
        .into_iter()
        .map(|name| (name.clone(), read(docs().join(&name)), read(docs().join("zh-CN").join(&name))))
        .collect()
}

/// Asserts that `extract` returns the same for each section of a page in both languages.
#[track_caller]
fn check<T: PartialEq + std::fmt::Debug>(say: impl Fn(&Section) -> T) {
    for (name, english, chinese) in pages() {
        for (one, other) in english.sections.iter().zip(&chinese.sections) {
            assert_eq!(say(one), say(other), "{name}: `{}` and `{}`", one.title, other.title);
        }
    }
}

#[test]
fn both_languages_have_the_same_headings() {
    for (name, english, chinese) in pages() {
        let levels = |page: &Page| page.sections.iter().map(|section| section.level).collect::<Vec<_>>();
        assert_eq!(levels(&english), levels(&chinese), "{name}");
    }
}

#[test]
fn both_languages_link_to_each_other_on_the_first_line() {
    for (name, english, chinese) in pages() {
        assert_eq!(english.first_line, format!("English | [简体中文](zh-CN/{name})"));
        assert_eq!(chinese.first_line, format!("[English](../{name}) | 简体中文"));
    }
}

#[test]
fn both_languages_have_the_same_code_blocks() {
    check(|section| {
        let block =
            |(language, text): &(String, String)| (language.clone(), (language != "text").then(|| text.clone()));
        section.blocks.iter().map(block).collect::<Vec<_>>()
    });
}

#[test]
fn both_languages_have_the_same_portal_pages_with_localized_names() {
    for (name, english, chinese) in pages() {
        for (one, other) in english.sections.iter().zip(&chinese.sections) {
            let mock_ups = |section: &Section| {
                section.blocks.iter().filter(|(language, _)| language == "text").cloned().collect::<Vec<_>>()
            };
            for ((_, one), (_, other)) in mock_ups(one).iter().zip(&mock_ups(other)) {
                assert_eq!(in_chinese(one), unframed(other), "{name}");
                let full = width(other.lines().next().unwrap());
                assert!(other.lines().all(|line| width(line) == full), "{name}: the frame is even:\n{other}");
            }
        }
    }
}

#[test]
fn portal_names_in_the_text_match_its_pages() {
    for (name, english, chinese) in pages() {
        for (one, other) in english.sections.iter().zip(&chinese.sections) {
            let there = other.emphasised();
            for (english, chinese) in
                NAMES.iter().filter(|(english, _)| one.emphasised().iter().any(|part| part == english))
            {
                assert!(there.iter().any(|part| part == chinese), "{name}: `{}`: {english} is {chinese}", other.title);
            }
        }
    }
}

#[test]
fn both_languages_name_the_same_code() {
    check(Section::code);
}

#[test]
fn both_languages_give_the_same_numbers() {
    check(Section::numbers);
}

#[test]
fn both_languages_refer_to_the_same_addresses() {
    check(|section| section.addresses().into_iter().map(str::to_owned).collect::<Vec<_>>());
}

#[test]
fn both_languages_have_the_same_rows_and_list_items() {
    check(|section| (section.lines_with("| "), section.lines_with("- "), section.lines_with("**")));
}

#[test]
fn links_within_a_page_have_a_matching_heading() {
    for (name, english, chinese) in pages() {
        for page in [&english, &chinese] {
            let anchors: Vec<String> = page.sections.iter().map(|section| anchor(&section.title)).collect();
            for link in page.sections.iter().flat_map(Section::links).filter_map(|link| link.strip_prefix('#')) {
                assert!(anchors.iter().any(|anchor| anchor == link), "{name}: #{link} is not one of {anchors:?}");
            }
        }
    }
}

#[test]
fn links_to_other_files_have_a_matching_heading_there() {
    for (name, english, chinese) in pages() {
        for (folder, page) in [(docs(), english), (docs().join("zh-CN"), chinese)] {
            for link in page
                .sections
                .iter()
                .flat_map(Section::links)
                .filter(|link| !link.starts_with('#') && !link.starts_with("http"))
            {
                let (file, heading) = link.split_once('#').unwrap_or((link, ""));
                let text =
                    fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{name}: {link}: {error}"));
                let found = Page::parse(&text).sections.iter().any(|section| anchor(&section.title) == heading);
                assert!(found || heading.is_empty(), "{name}: {link}");
            }
        }
    }
}
