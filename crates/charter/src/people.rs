//! `people.yaml`: persons, their keys, teams, and the seats persons hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;

use model::{PersonName, Place, SeatName, TeamName};

use crate::located::Located;
use crate::mention::{Kind, Sheet};
use crate::words::PersonTag;
use crate::yaml::{Entry, Fields, Node, Position, Value};
use crate::{code, problem, ssh_line};

/// Longest email address, in bytes (RFC 5321, 4.5.3.1).
pub(crate) const EMAIL_BYTES_MAX: usize = 254;

/// Longest name of a cost centre, in bytes.
pub(crate) const COST_CENTER_BYTES_MAX: usize = 64;

/// Everybody and everything `people.yaml` declares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    /// The natural persons.
    pub persons: BTreeMap<PersonName, Person>,
    /// Groups of them.
    pub teams: BTreeMap<TeamName, Team>,
    /// Roles, each held by one.
    pub seats: BTreeMap<SeatName, Seat>,
}

/// A natural person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// What people call them.
    pub name: String,
    /// How to reach them.
    pub email: String,
    /// SSH public keys that sign for them, as lines; looked at lightly here.
    pub keys: Vec<Located<String>>,
    /// What their work bars them from.
    pub tags: BTreeSet<PersonTag>,
    /// Where they are declared.
    pub place: Place,
}

/// A group of persons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Who belongs to it; at least one.
    pub members: Vec<Located<PersonName>>,
    /// Where it is declared.
    pub place: Place,
}

/// A role held by exactly one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// Who holds it.
    pub holder: Located<PersonName>,
    /// Whom to ask when the holder does not answer, in order.
    pub escalation: Vec<Located<SeatName>>,
    /// Who pays for what the holder answers for, as the books call it.
    pub cost_center: Option<String>,
    /// Where it is declared.
    pub place: Place,
}

/// What later checks need even of people and seats that could not be read whole.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    /// The sections that could be read: what is not in them is not declared.
    pub(crate) sections: BTreeSet<Kind>,
    /// Every name of a readable section.
    pub(crate) names: BTreeSet<(Kind, String)>,
    /// Persons tagged model-developer.
    pub(crate) developers: BTreeSet<String>,
    /// Seat to holder.
    pub(crate) holders: BTreeMap<String, String>,
    /// A model's file could not be read as far as its name: any model may be declared.
    pub(crate) models_unsure: bool,
    emails: BTreeMap<String, String>,
    keys: BTreeMap<String, String>,
}

impl Declared {
    /// Adds what `people.yaml` declares to what other files do.
    pub(crate) fn merge(&mut self, people: Self) {
        self.sections.extend(people.sections);
        self.names.extend(people.names);
        self.developers.extend(people.developers);
        self.holders.extend(people.holders);
    }
}

/// Reads `people.yaml`.
pub(crate) fn read(sheet: &mut Sheet<'_>, root: &Node) -> (People, Declared) {
    let (mut people, mut declared) = (People::default(), Declared::default());
    let Some(fields) = sheet.fields(root, "") else { return (people, declared) };
    for entry in section(sheet, &mut declared, &fields, ("persons", Kind::Person)) {
        let name: Option<PersonName> = key(sheet, entry);
        if let (Some(person), Some(name)) = (person(sheet, &mut declared, entry), name) {
            people.persons.insert(name, person);
        }
    }
    for entry in section(sheet, &mut declared, &fields, ("teams", Kind::Team)) {
        let name: Option<TeamName> = key(sheet, entry);
        if let (Some(team), Some(name)) = (team(sheet, entry), name) {
            people.teams.insert(name, team);
        }
    }
    for entry in section(sheet, &mut declared, &fields, ("seats", Kind::Seat)) {
        let name: Option<SeatName> = key(sheet, entry);
        if let (Some(seat), Some(name)) = (seat(sheet, &mut declared, entry), name) {
            people.seats.insert(name, seat);
        }
    }
    (people, declared)
}

/// The entries of a section, each noted as declared.
fn section<'n>(
    sheet: &mut Sheet<'_>,
    declared: &mut Declared,
    fields: &Fields<'n>,
    (name, kind): (&str, Kind),
) -> &'n [Entry] {
    let entries = fields.required(name, |node| sheet.reader.entries(node));
    if let Some(entries) = entries {
        declared.sections.insert(kind);
        declared.names.extend(entries.iter().map(|entry| (kind, entry.key.clone())));
    }
    entries.unwrap_or_default()
}

/// A name that the charter gives.
fn key<T: FromStr<Err: Display>>(sheet: &mut Sheet<'_>, entry: &Entry) -> Option<T> {
    match entry.key.parse() {
        Ok(name) => Some(name),
        Err(error) => {
            let help = "choose a name of plain characters";
            sheet.reader.object(entry.at, code::BAD_VALUE, format!("{error}"), help);
            None
        }
    }
}

fn person(sheet: &mut Sheet<'_>, declared: &mut Declared, entry: &Entry) -> Option<Person> {
    let fields = sheet.fields(&entry.node, "persons.*")?;
    let name = fields.required("name", |node| sheet.text(node));
    let email = fields.required("email", |node| email(sheet, declared, entry, node));
    let keys = fields.required("keys", |node| keys(sheet, declared, entry, node));
    let tags = fields.or("tags", BTreeSet::new(), |node| tags(sheet, declared, entry, node));
    let place = sheet.reader.place(entry.at);
    Some(Person { name: name?, email: email?, keys: keys?, tags: tags?, place })
}

/// An address in the form `user@host`: enough to catch a slip, no more.
fn email(
    sheet: &mut Sheet<'_>,
    declared: &mut Declared,
    entry: &Entry,
    node: &Node,
) -> Option<String> {
    let text = sheet.text(node)?;
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() || !byte.is_ascii());
    let parts = text.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty() && !host.is_empty() && !host.contains('@') && !text.contains(['<', '>'])
    });
    if !plain || !parts || text.len() > EMAIL_BYTES_MAX {
        let what = format!("`{}` is not an email address", problem::shown(&text));
        sheet.reader.object(node.at, code::BAD_VALUE, what, "write one such as ada@acme.example");
        return None;
    }
    let known = declared.emails.entry(text.to_lowercase()).or_insert_with(|| entry.key.clone());
    if *known != entry.key {
        let what = format!("the email address is that of `{}` too", problem::shown(known));
        sheet.reader.object(node.at, code::DUPLICATE, what, "each person has one of their own");
        return None;
    }
    Some(text)
}

fn keys(
    sheet: &mut Sheet<'_>,
    declared: &mut Declared,
    entry: &Entry,
    node: &Node,
) -> Option<Vec<Located<String>>> {
    let items = sheet.reader.list(node)?;
    let mut lines = Vec::new();
    for item in items {
        let Some(line) = sheet.text(item) else { continue };
        match ssh_line::blob(&line) {
            Err(why) => {
                let help = "copy the one line of the `.pub` file, as in `ssh-ed25519 AAAA... ada`";
                sheet.reader.object(item.at, code::BAD_KEY, why.to_owned(), help);
            }
            Ok(blob) => match declared.keys.insert(blob, entry.key.clone()) {
                Some(other) => {
                    let what =
                        format!("the key is listed already, for `{}`", problem::shown(&other));
                    let help = "each key speaks for one person, once";
                    sheet.reader.object(item.at, code::DUPLICATE, what, help);
                }
                None => lines.push(Located { value: line, place: sheet.reader.place(item.at) }),
            },
        }
    }
    (lines.len() == items.len()).then_some(lines)
}

fn tags(
    sheet: &mut Sheet<'_>,
    declared: &mut Declared,
    entry: &Entry,
    node: &Node,
) -> Option<BTreeSet<PersonTag>> {
    let items = sheet.reader.list(node)?;
    let read = items.iter().map(|item| sheet.reader.one_of(item, PersonTag::WORDS));
    let tags: Vec<Option<PersonTag>> = read.collect();
    // Noted even beside a tag that is no tag: then both mistakes are reported.
    if tags.contains(&Some(PersonTag::ModelDeveloper)) {
        declared.developers.insert(entry.key.clone());
    }
    tags.into_iter().collect()
}

fn team(sheet: &mut Sheet<'_>, entry: &Entry) -> Option<Team> {
    let fields = sheet.fields(&entry.node, "teams.*")?;
    let members = fields.required("members", |node| {
        let items = sheet.reader.filled_list(node)?;
        sheet.mentions(items, Kind::Person)
    })?;
    Some(Team { members, place: sheet.reader.place(entry.at) })
}

fn seat(sheet: &mut Sheet<'_>, declared: &mut Declared, entry: &Entry) -> Option<Seat> {
    let fields = sheet.fields(&entry.node, "seats.*")?;
    let holder: Option<Located<PersonName>> = fields.required("holder", |node| holder(sheet, node));
    if let Some(holder) = &holder {
        declared.holders.insert(entry.key.clone(), holder.value.to_string());
    }
    let escalation = fields.or("escalation", Vec::new(), |node| {
        let items = sheet.reader.list(node)?;
        sheet.mentions::<SeatName>(items, Kind::Seat)
    });
    for next in escalation.iter().flatten().filter(|next| next.as_str() == entry.key) {
        let what = format!("seat `{}` escalates to itself", next.value);
        let (at, help) = (&next.place, "name another seat");
        let position = Position { line: at.line, column: at.column };
        sheet.reader.object(position, code::SEAT_CONFLICT, what, help);
    }
    let cost_center = fields.optional("cost_center", |node| cost_center(sheet, node));
    Some(Seat {
        holder: holder?,
        escalation: escalation?,
        cost_center: cost_center?,
        place: sheet.reader.place(entry.at),
    })
}

/// A word that no table, query or spreadsheet reads as anything but itself.
fn cost_center(sheet: &mut Sheet<'_>, node: &Node) -> Option<String> {
    let text = sheet.text(node)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:".contains(&byte);
    let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if begins && text.len() <= COST_CENTER_BYTES_MAX && text.bytes().all(plain) {
        return Some(text);
    }
    let what = format!("`{}` is not a cost centre", problem::shown(&text));
    let help = "write at most 64 of A-Z, a-z, 0-9 and -_./:, beginning with a letter or digit";
    sheet.reader.object(node.at, code::BAD_VALUE, what, help);
    None
}

fn holder(sheet: &mut Sheet<'_>, node: &Node) -> Option<Located<PersonName>> {
    if matches!(node.value, Value::List(_)) {
        let what = "a seat is held by exactly one person, and this is a list".to_owned();
        let help = "name one person; for another, declare another seat";
        sheet.reader.object(node.at, code::WRONG_TYPE, what, help);
        return None;
    }
    sheet.mention(node, Kind::Person)
}
