//! A bounded cache that forgets by generations: cheap to hit, no list to keep in order.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Holds values up to a total cost. What was not asked for during the last generation is forgotten first.
#[derive(Debug)]
pub(crate) struct Cache<K, V> {
    shards: Vec<Mutex<Shard<K, V>>>,
    hasher: RandomState,
    /// The cost at which a shard begins a new generation.
    limit: usize,
}

#[derive(Debug)]
struct Shard<K, V> {
    young: HashMap<K, (V, usize)>,
    old: HashMap<K, (V, usize)>,
    young_cost: usize,
}

const SHARDS: usize = 16;

impl<K: Hash + Eq + Clone, V: Clone> Cache<K, V> {
    /// Makes a cache whose values cost at most about `capacity` together.
    pub(crate) fn new(capacity: usize) -> Self {
        let empty = || Shard { young: HashMap::new(), old: HashMap::new(), young_cost: 0 };
        let shards = (0..SHARDS).map(|_| Mutex::new(empty())).collect();
        Cache { shards, hasher: RandomState::new(), limit: capacity / SHARDS / 2 }
    }

    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let mut shard = self.shard(key);
        if let Some((value, _)) = shard.young.get(key) {
            return Some(value.clone());
        }
        let (value, cost) = shard.old.remove(key)?;
        shard.insert(key.clone(), value.clone(), cost, self.limit);
        Some(value)
    }

    /// Keeps a value; one that costs more than a shard may hold is not kept.
    pub(crate) fn insert(&self, key: K, value: V, cost: usize) {
        let mut shard = self.shard(&key);
        shard.remove(&key);
        if cost <= self.limit {
            shard.insert(key, value, cost, self.limit);
        }
    }

    pub(crate) fn remove(&self, key: &K) {
        self.shard(key).remove(key);
    }

    pub(crate) fn clear(&self) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            shard.young.clear();
            shard.old.clear();
            shard.young_cost = 0;
        }
    }

    fn shard(&self, key: &K) -> MutexGuard<'_, Shard<K, V>> {
        let hash = usize::from(self.hasher.hash_one(key).to_le_bytes()[0]);
        lock(&self.shards[hash % SHARDS])
    }
}

impl<K: Hash + Eq, V> Shard<K, V> {
    fn insert(&mut self, key: K, value: V, cost: usize, limit: usize) {
        if self.young_cost + cost > limit {
            self.old = std::mem::take(&mut self.young);
            self.young_cost = 0;
        }
        self.young_cost += cost;
        self.young.insert(key, (value, cost));
    }

    fn remove(&mut self, key: &K) {
        if let Some((_, cost)) = self.young.remove(key) {
            self.young_cost -= cost;
        }
        self.old.remove(key);
    }
}

/// Locks a mutex; what a panic left behind it is whole, since every change of it is.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_within_its_capacity_and_keeps_what_is_used() {
        let cache = Cache::new(16 * 2 * 10);
        for key in 0..1000u32 {
            cache.insert(key, key, 1);
            assert!(cache.get(&0).is_some(), "used all the time, forgotten at {key}");
        }
        let kept = (0..1000).filter(|key| cache.get(key).is_some()).count();
        assert!((100..=320).contains(&kept), "{kept}");
        cache.insert(0, 7, 11);
        assert_eq!(cache.get(&0), None, "too large to keep, and the old value is gone");
    }

    #[test]
    fn what_is_removed_is_gone() {
        let cache = Cache::new(1000);
        cache.insert(1, 'a', 1);
        cache.remove(&1);
        assert_eq!(cache.get(&1), None);
        cache.insert(2, 'b', 1);
        cache.clear();
        assert_eq!(cache.get(&2), None);
    }
}
