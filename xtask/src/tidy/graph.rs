//! The workspace's crates and what they depend on, as `cargo metadata` tells it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::place::{Depth, metadata};

/// The dependency graph.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// Members by the name of their folder: the package `portreeve-verify` is the crate `verify`.
    pub(super) members: BTreeMap<String, Member>,
    /// Everything a package reaches by normal dependencies, by the package's id.
    reach: BTreeMap<String, BTreeSet<String>>,
}

/// One crate of the workspace.
#[derive(Debug, Default)]
pub(super) struct Member {
    /// The package's id in the graph.
    pub(super) id: String,
    /// Other members it uses in what it ships.
    pub(super) uses: BTreeSet<String>,
    /// Outside packages it names itself, of any kind.
    pub(super) outside: BTreeSet<String>,
    /// Outside packages it names for what it ships.
    pub(super) outside_shipped: BTreeSet<String>,
}

impl Graph {
    /// Reads the graph of this workspace.
    pub(super) fn read() -> Result<Self> {
        Self::from_metadata(&metadata(Depth::Whole)?).context("cargo metadata is incomplete")
    }

    /// The graph in the output of `cargo metadata`; none where a part is missing.
    pub(super) fn from_metadata(metadata: &Value) -> Option<Self> {
        let ids: BTreeSet<&str> =
            list(metadata, "workspace_members").filter_map(Value::as_str).collect();
        let mut graph = Self::default();
        let mut names = BTreeMap::new();
        for package in list(metadata, "packages") {
            let id = text(package, "id")?;
            names.insert(id, text(package, "name")?);
            if ids.contains(id) {
                graph.members.insert(folder(package)?.to_owned(), member(package)?);
            }
        }
        let edges = edges(metadata)?;
        for member in graph.members.values() {
            let reached = closure(&edges, &member.id);
            let reached =
                reached.iter().filter_map(|id| names.get(id)).map(|name| (*name).to_owned());
            graph.reach.insert(member.id.clone(), reached.collect());
        }
        (!graph.members.is_empty()).then_some(graph)
    }

    /// The names of all packages a member reaches by normal dependencies.
    pub(super) fn reached(&self, member: &Member) -> impl Iterator<Item = &str> {
        self.reach.get(&member.id).into_iter().flatten().map(String::as_str)
    }
}

fn member(package: &Value) -> Option<Member> {
    let mut member = Member { id: text(package, "id")?.to_owned(), ..Member::default() };
    for dependency in list(package, "dependencies") {
        let shipped = dependency.get("kind").is_some_and(Value::is_null);
        if let Some(path) = dependency.get("path").and_then(Value::as_str) {
            if shipped {
                member.uses.insert(path.rsplit('/').next()?.to_owned());
            }
            continue;
        }
        let name = text(dependency, "name")?.to_owned();
        if shipped {
            member.outside_shipped.insert(name.clone());
        }
        member.outside.insert(name);
    }
    Some(member)
}

/// Normal dependencies between packages, by id.
fn edges(metadata: &Value) -> Option<BTreeMap<&str, Vec<&str>>> {
    let mut edges = BTreeMap::new();
    for node in list(metadata.get("resolve")?, "nodes") {
        let normal = |edge: &&Value| {
            list(edge, "dep_kinds").any(|kind| kind.get("kind").is_some_and(Value::is_null))
        };
        let to = list(node, "deps").filter(normal).filter_map(|edge| text(edge, "pkg"));
        edges.insert(text(node, "id")?, to.collect());
    }
    Some(edges)
}

fn closure<'a>(edges: &BTreeMap<&'a str, Vec<&'a str>>, from: &str) -> BTreeSet<&'a str> {
    let next = |id: &str| edges.get(id).into_iter().flatten().copied();
    let mut waiting: Vec<&str> = next(from).collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if reached.insert(id) {
            waiting.extend(next(id));
        }
    }
    reached
}

/// The last folder of the package's manifest path.
fn folder(package: &Value) -> Option<&str> {
    text(package, "manifest_path")?.rsplit('/').nth(1)
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}
