//! Names in order, with positions: page 500 costs as much as page 1.
//!
//! A sorted list in chunks. To find a position, whole chunks are passed over: 200 of them for 100,000 names.

use std::sync::Arc;

/// A chunk of so many names is cut in two.
const MAX_CHUNK: usize = 512;
/// A chunk of fewer names joins its neighbour.
const MIN_CHUNK: usize = MAX_CHUNK / 4;

/// The names. No chunk is empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    chunks: Vec<Vec<Arc<str>>>,
    len: usize,
}

impl Order {
    /// How many names there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds a name; nothing happens if it is there.
    pub(super) fn insert(&mut self, name: &Arc<str>) {
        let Some(at) = self.chunk_of(name) else {
            self.chunks.push(vec![Arc::clone(name)]);
            self.len += 1;
            return;
        };
        let chunk = &mut self.chunks[at];
        let Err(place) = chunk.binary_search(name) else { return };
        chunk.insert(place, Arc::clone(name));
        self.len += 1;
        if chunk.len() >= MAX_CHUNK {
            let upper = chunk.split_off(MAX_CHUNK / 2);
            // Names mostly come in their order, and then nothing more comes into the lower half.
            chunk.shrink_to_fit();
            self.chunks.insert(at + 1, upper);
        }
    }

    /// Removes a name; nothing happens if it is not there.
    pub(super) fn remove(&mut self, name: &str) {
        let Some(at) = self.chunk_of(name) else { return };
        let chunk = &mut self.chunks[at];
        let Ok(place) = chunk.binary_search_by(|other| (**other).cmp(name)) else { return };
        chunk.remove(place);
        self.len -= 1;
        if chunk.is_empty() {
            self.chunks.remove(at);
        } else if chunk.len() < MIN_CHUNK
            && self.chunks.get(at + 1).is_some_and(|next| next.len() < MAX_CHUNK - MIN_CHUNK)
        {
            let next = self.chunks.remove(at + 1);
            self.chunks[at].extend(next);
        }
    }

    /// The names from a position on.
    pub(super) fn skip(&self, mut count: usize) -> impl Iterator<Item = &Arc<str>> {
        let whole = self.chunks.iter().take_while(|chunk| {
            let passed = chunk.len() <= count;
            count -= if passed { chunk.len() } else { 0 };
            passed
        });
        let chunk = whole.count();
        self.from(chunk, count)
    }

    /// The names after this one, which need not be there.
    pub(super) fn after(&self, name: &str) -> impl Iterator<Item = &Arc<str>> {
        let chunk = self.chunks.partition_point(|chunk| chunk.last().is_some_and(|last| **last <= *name));
        let place = self.chunks.get(chunk).map_or(0, |names| names.partition_point(|other| **other <= *name));
        self.from(chunk, place)
    }

    fn from(&self, chunk: usize, place: usize) -> impl Iterator<Item = &Arc<str>> {
        self.chunks[chunk..].iter().flatten().skip(place)
    }

    /// The chunk in which a name is or belongs; nothing while there is no chunk.
    fn chunk_of(&self, name: &str) -> Option<usize> {
        let at = self.chunks.partition_point(|chunk| chunk.last().is_some_and(|last| **last < *name));
        Some(at.min(self.chunks.len().checked_sub(1)?))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn name(number: u16) -> Arc<str> {
        format!("n{number:05}").into()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn it_does_what_a_sorted_set_does(
            steps in prop::collection::vec((prop::bool::weighted(0.6), 0..4000u16), 0..6000),
            positions in prop::collection::vec(0..4100usize, 8),
        ) {
            let (mut order, mut model) = (Order::default(), BTreeSet::new());
            for (add, number) in steps {
                if add {
                    order.insert(&name(number));
                    model.insert(name(number));
                } else {
                    order.remove(&name(number));
                    model.remove(&name(number));
                }
            }
            prop_assert_eq!(order.len(), model.len());
            prop_assert!(order.chunks.iter().all(|chunk| !chunk.is_empty() && chunk.len() < MAX_CHUNK));
            for position in positions {
                prop_assert!(order.skip(position).eq(model.iter().skip(position)), "skip {}", position);
                let probe = name(u16::try_from(position).expect("a small number"));
                prop_assert!(order.after(&probe).eq(model.iter().filter(|other| **other > probe)), "after {}", probe);
            }
        }
    }

    #[test]
    fn a_list_that_shrinks_does_not_stay_in_crumbs() {
        let mut order = Order::default();
        (0..10_000).for_each(|number| order.insert(&name(number)));
        (0..10_000).filter(|number| number % 100 != 0).for_each(|number| order.remove(&name(number)));
        assert_eq!(order.len(), 100);
        assert!(order.chunks.len() <= 2, "{} chunks", order.chunks.len());
    }
}
