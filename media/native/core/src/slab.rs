//! Things that live and die, reached by small keys that never mean two of them.

use std::marker::PhantomData;

/// Where a `T` lives. A key that outlived its thing finds nothing.
pub struct Key<T> {
    row: u32,
    turn: u32,
    what: PhantomData<fn() -> T>,
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Key<T> {}
impl<T> PartialEq for Key<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.row, self.turn) == (other.row, other.turn)
    }
}
impl<T> Eq for Key<T> {}
impl<T> std::fmt::Debug for Key<T> {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "{}/{}", self.row, self.turn)
    }
}

impl<T> Key<T> {
    /// No two things that live have the same.
    pub fn row(self) -> u32 {
        self.row
    }
}

struct Row<T> {
    turn: u32,
    thing: Option<T>,
}

/// A growing table of `T`; rows are used again, keys are not.
pub struct Slab<T> {
    rows: Vec<Row<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    pub fn insert(&mut self, thing: T) -> Key<T> {
        self.insert_with(|_| thing)
    }

    /// A thing that knows its own key.
    pub fn insert_with(&mut self, make: impl FnOnce(Key<T>) -> T) -> Key<T> {
        let row = self.free.pop().unwrap_or_else(|| {
            self.rows.push(Row { turn: 0, thing: None });
            self.rows.len() as u32 - 1
        });
        let place = &mut self.rows[row as usize];
        let key = Key { row, turn: place.turn, what: PhantomData };
        place.thing = Some(make(key));
        key
    }

    pub fn get(&self, key: Key<T>) -> Option<&T> {
        self.rows.get(key.row as usize).filter(|row| row.turn == key.turn)?.thing.as_ref()
    }

    pub fn get_mut(&mut self, key: Key<T>) -> Option<&mut T> {
        self.rows.get_mut(key.row as usize).filter(|row| row.turn == key.turn)?.thing.as_mut()
    }

    pub fn remove(&mut self, key: Key<T>) -> Option<T> {
        let row = self.rows.get_mut(key.row as usize).filter(|row| row.turn == key.turn)?;
        let thing = row.thing.take()?;
        row.turn = row.turn.wrapping_add(1);
        self.free.push(key.row);
        Some(thing)
    }

    pub fn iter(&self) -> impl Iterator<Item = (Key<T>, &T)> {
        self.rows.iter().enumerate().filter_map(|(row, place)| {
            let thing = place.thing.as_ref()?;
            Some((Key { row: row as u32, turn: place.turn, what: PhantomData }, thing))
        })
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Key<T>, &mut T)> {
        self.rows.iter_mut().enumerate().filter_map(|(row, place)| {
            let key = Key { row: row as u32, turn: place.turn, what: PhantomData };
            Some((key, place.thing.as_mut()?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_finds_its_thing_and_never_the_one_after_it() {
        let mut slab = Slab::default();
        let first = slab.insert("first");
        assert_eq!(slab.remove(first), Some("first"));
        let second = slab.insert("second");
        assert_eq!(slab.get(first), None);
        assert_eq!(slab.remove(first), None);
        assert_eq!(slab.get(second), Some(&"second"));
        assert_eq!(slab.iter().map(|(_, thing)| *thing).collect::<Vec<_>>(), ["second"]);
    }
}
