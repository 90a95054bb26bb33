//! Batching: cuts the items of a wave into batches that Graph accepts: at most 20 items, at most four Outlook items at
//! once.

use crate::domain::plan::ITEMS_PER_BATCH;

/// Outlook items of one mailbox that may be in flight at once.
pub(crate) const MAX_OUTLOOK_IN_FLIGHT: usize = 4;

/// Items, each with the number of the item that it waits for.
pub(crate) type Batch<T> = Vec<(T, Option<usize>)>;

/// As few batches as possible. Within one, Outlook items form four lanes: each waits for the one before it in its lane,
/// whose number is given beside it.
pub(crate) fn full<T: Numbered>(items: Vec<T>, outlook: impl Fn(&T) -> bool) -> Vec<Batch<T>> {
    let mut batches = Vec::new();
    let mut batch: Batch<T> = Vec::new();
    let mut lanes: Vec<usize> = Vec::new();
    for item in items {
        if batch.len() == ITEMS_PER_BATCH {
            batches.push(std::mem::take(&mut batch));
            lanes.clear();
        }
        let mut after = None;
        if outlook(&item) {
            after = lanes.len().checked_sub(MAX_OUTLOOK_IN_FLIGHT).map(|at| lanes[at]);
            lanes.push(item.number());
        }
        batch.push((item, after));
    }
    if !batch.is_empty() {
        batches.push(batch);
    }
    batches
}

/// Batches of at most `size` items (at most [`MAX_OUTLOOK_IN_FLIGHT`]), in order.
pub(crate) fn small<T>(items: Vec<T>, size: usize) -> Vec<Batch<T>> {
    let size = size.clamp(1, MAX_OUTLOOK_IN_FLIGHT);
    let mut batches: Vec<Batch<T>> = Vec::new();
    for item in items {
        match batches.last_mut().filter(|batch| batch.len() < size) {
            Some(batch) => batch.push((item, None)),
            None => batches.push(vec![(item, None)]),
        }
    }
    batches
}

/// At most four Outlook items a batch and no lanes, so that no item depends on another's success.
pub(crate) fn independent<T>(items: Vec<T>, outlook: impl Fn(&T) -> bool) -> Vec<Batch<T>> {
    let mut batches: Vec<(usize, Batch<T>)> = Vec::new();
    for item in items {
        let weight = usize::from(outlook(&item));
        let room = batches
            .iter_mut()
            .find(|(outlooks, batch)| outlooks + weight <= MAX_OUTLOOK_IN_FLIGHT && batch.len() < ITEMS_PER_BATCH);
        match room {
            Some((outlooks, batch)) => {
                *outlooks += weight;
                batch.push((item, None));
            }
            None => batches.push((weight, vec![(item, None)])),
        }
    }
    batches.into_iter().map(|(_, batch)| batch).collect()
}

/// An item that others can wait for by its number.
pub(crate) trait Numbered {
    fn number(&self) -> usize;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Item(usize, bool);

    impl Numbered for Item {
        fn number(&self) -> usize {
            self.0
        }
    }

    fn items(kinds: &[bool]) -> Vec<Item> {
        kinds.iter().enumerate().map(|(number, outlook)| Item(number, *outlook)).collect()
    }

    /// The most Outlook items that can be under way at once, each starting when the one before it ends.
    fn at_once(batch: &[(Item, Option<usize>)]) -> usize {
        let mut level = std::collections::BTreeMap::new();
        for (item, after) in batch.iter().filter(|(item, _)| item.1) {
            let depth = after.map_or(0, |after| level[&after] + 1);
            level.insert(item.0, depth);
        }
        (0..ITEMS_PER_BATCH).map(|depth| level.values().filter(|level| **level == depth).count()).max().unwrap_or(0)
    }

    proptest! {
        #[test]
        fn every_item_is_sent_once_within_the_limits(kinds in prop::collection::vec(any::<bool>(), 0..90)) {
            let batchings = [
                ("full", full(items(&kinds), |item| item.1)),
                ("independent", independent(items(&kinds), |item| item.1)),
                ("small", small(items(&kinds), 4)),
            ];
            for (name, batches) in batchings {
                let mut sent: Vec<_> = batches.iter().flatten().map(|(item, _)| item.clone()).collect();
                sent.sort_by_key(|item| item.0);
                prop_assert_eq!(&sent, &items(&kinds), "{}", name);
                for batch in &batches {
                    prop_assert!(batch.len() <= ITEMS_PER_BATCH && !batch.is_empty());
                    prop_assert!(at_once(batch) <= MAX_OUTLOOK_IN_FLIGHT);
                    for (_, after) in batch {
                        prop_assert!(after.is_none_or(|after| batch.iter().any(|(item, _)| item.0 == after)));
                    }
                }
            }
        }

        #[test]
        fn full_batches_are_as_few_as_possible(kinds in prop::collection::vec(any::<bool>(), 0..90)) {
            prop_assert_eq!(full(items(&kinds), |item| item.1).len(), kinds.len().div_ceil(ITEMS_PER_BATCH));
        }
    }
}
