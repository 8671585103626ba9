//! The table of sockets: a place for each, and a generation that makes old numbers invalid.
use crate::stack::SocketId;

struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

/// Places for at most so many values.
pub(crate) struct Table<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    limit: usize,
}

impl<T> Table<T> {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            limit,
        }
    }

    /// How many there may be from now on; those that are there stay.
    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(crate) fn has_room(&self) -> bool {
        self.len() < self.limit
    }

    /// Puts a value in, if there is room.
    pub(crate) fn insert(&mut self, value: T) -> Option<SocketId> {
        if !self.has_room() {
            return None;
        }
        let place = self.free.pop().unwrap_or(self.slots.len() as u32);
        if place as usize == self.slots.len() {
            self.slots.push(Slot {
                generation: 0,
                value: None,
            });
        }
        let slot = self.slots.get_mut(place as usize)?;
        slot.value = Some(value);
        let generation = slot.generation;
        Some(SocketId { place, generation })
    }

    /// The place of a number that is valid.
    #[inline]
    pub(crate) fn place(&self, id: SocketId) -> Option<u32> {
        let slot = self.slots.get(id.place as usize)?;
        let valid = slot.generation == id.generation && slot.value.is_some();
        valid.then_some(id.place)
    }

    /// The number of whatever is at this place.
    #[inline]
    pub(crate) fn id(&self, place: u32) -> SocketId {
        let slot = self.slots.get(place as usize);
        let generation = slot.map_or(0, |slot| slot.generation);
        SocketId { place, generation }
    }

    #[inline]
    pub(crate) fn get(&self, place: u32) -> Option<&T> {
        self.slots.get(place as usize)?.value.as_ref()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, place: u32) -> Option<&mut T> {
        self.slots.get_mut(place as usize)?.value.as_mut()
    }

    /// Makes the number of what is at this place invalid, and leaves it there.
    pub(crate) fn renumber(&mut self, place: u32) {
        if let Some(slot) = self.slots.get_mut(place as usize) {
            slot.generation = slot.generation.wrapping_add(1);
        }
    }

    /// Takes a value out.
    pub(crate) fn remove(&mut self, place: u32) -> Option<T> {
        let slot = self.slots.get_mut(place as usize)?;
        let value = slot.value.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(place);
        Some(value)
    }

    /// All values, in the order of their places.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let numbered = self.slots.iter().enumerate();
        numbered.filter_map(|(place, slot)| Some((place as u32, slot.value.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_valid_until_its_value_is_gone() {
        let mut table = Table::new(2);
        let first = table.insert('a').unwrap();
        let second = table.insert('b').unwrap();
        assert!(!table.has_room() && table.insert('c').is_none());
        assert_eq!(table.remove(first.place), Some('a'));
        assert_eq!((table.place(first), table.len()), (None, 1));
        let third = table.insert('c').unwrap();
        assert_eq!((third.place, third.generation), (first.place, 1));
        assert_eq!(table.get(third.place), Some(&'c'));
        table.renumber(second.place);
        assert_eq!(
            (table.place(second), table.get(second.place)),
            (None, Some(&'b'))
        );
        assert_eq!(table.iter().collect::<Vec<_>>(), [(0, &'c'), (1, &'b')]);
        assert_eq!(table.remove(9), None);
    }
}
