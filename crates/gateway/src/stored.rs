//! What providers keep, and for whom: nobody names an object that another agent's call made.
//!
//! The decision log says it first (each outcome lists what its answer left behind); this is a
//! bounded memory of it, filled again at every start. What is not in it belongs to nobody.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use model::{AgentName, ProviderName, StoredName, StoredObject};

/// Most objects that are remembered; the oldest is forgotten first, and is then nobody's.
const OBJECTS_MAX: usize = 100_000;

/// An object at a provider.
type Key = (ProviderName, StoredName);

/// Whose each object is.
#[derive(Debug)]
pub(crate) struct StoredObjects {
    memory: Mutex<Memory>,
    objects_max: usize,
}

#[derive(Debug, Default)]
struct Memory {
    owners: HashMap<Key, AgentName>,
    order: VecDeque<Key>,
}

impl StoredObjects {
    pub(crate) fn new() -> Self {
        Self { memory: Mutex::default(), objects_max: OBJECTS_MAX }
    }

    /// Remembers whose `stored` is, and says whether it is that agent's now. An object that has an
    /// owner keeps it: ids are the provider's, and one that it gives twice must not change hands.
    pub(crate) fn remember(&self, stored: StoredObject) -> bool {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (stored.provider, stored.object);
        if let Some(owner) = memory.owners.get(&key) {
            return *owner == stored.agent;
        }
        if memory.order.len() >= self.objects_max
            && let Some(oldest) = memory.order.pop_front()
        {
            memory.owners.remove(&oldest);
        }
        memory.order.push_back(key.clone());
        memory.owners.insert(key, stored.agent);
        true
    }

    /// Whether `agent` made each of `names` at `provider`.
    pub(crate) fn are_of(
        &self,
        agent: &AgentName,
        provider: &ProviderName,
        names: &[StoredName],
    ) -> bool {
        if names.is_empty() {
            return true;
        }
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        names.iter().all(|name| memory.owners.get(&(provider.clone(), *name)) == Some(agent))
    }
}

#[cfg(test)]
mod tests {
    use model::{Digest, StoredKind};

    use super::*;

    fn object(agent: &str, provider: &str, id: &str) -> StoredObject {
        StoredObject {
            agent: agent.parse().expect("a name"),
            provider: provider.parse().expect("a name"),
            object: name(id),
        }
    }

    fn name(id: &str) -> StoredName {
        StoredName { kind: StoredKind::Response, id: Digest::of(id.as_bytes()) }
    }

    fn are_of(objects: &StoredObjects, agent: &str, provider: &str, ids: &[&str]) -> bool {
        let names: Vec<_> = ids.iter().map(|id| name(id)).collect();
        let (agent, provider) = (agent.parse().expect("a name"), provider.parse().expect("a name"));
        objects.are_of(&agent, &provider, &names)
    }

    #[test]
    fn an_object_is_of_the_agent_that_made_it_at_that_provider_and_of_no_other() {
        let objects = StoredObjects::new();
        objects.remember(object("one", "here", "resp_1"));
        assert!(are_of(&objects, "one", "here", &["resp_1"]));
        assert!(are_of(&objects, "one", "here", &[]), "nothing named is nothing to own");
        assert!(!are_of(&objects, "two", "here", &["resp_1"]));
        assert!(!are_of(&objects, "one", "there", &["resp_1"]));
        assert!(!are_of(&objects, "one", "here", &["resp_1", "resp_2"]));
        let other = StoredName { kind: StoredKind::Item, ..name("resp_1") };
        assert!(!objects.are_of(
            &"one".parse().expect("a name"),
            &"here".parse().expect("a name"),
            &[other]
        ));
    }

    #[test]
    fn an_id_that_comes_again_does_not_change_hands() {
        let objects = StoredObjects::new();
        assert!(objects.remember(object("one", "here", "resp_1")));
        assert!(!objects.remember(object("two", "here", "resp_1")));
        assert!(objects.remember(object("one", "here", "resp_1")), "it is still the first's");
        assert!(are_of(&objects, "one", "here", &["resp_1"]));
        assert!(!are_of(&objects, "two", "here", &["resp_1"]));
    }

    #[test]
    fn the_oldest_is_forgotten_first_and_is_then_nobodys() {
        let objects = StoredObjects { objects_max: 2, ..StoredObjects::new() };
        for id in ["a", "b", "c"] {
            objects.remember(object("one", "here", id));
        }
        assert!(!are_of(&objects, "one", "here", &["a"]));
        assert!(are_of(&objects, "one", "here", &["b", "c"]));
    }
}
