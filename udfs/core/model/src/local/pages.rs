//! The key-value cache of all sequences, in pages of sixteen tokens (Kwon et al., arXiv 2309.06180).
//!
//! A sequence holds a list of pages, and pages that begin alike are held in common: a full page is known by the page
//! before it and its own tokens, so that a sequence that begins with the same tokens finds it. A page that no
//! sequence holds is kept until room is needed, and then the longest unused one goes first. Only the last
//! page of a sequence is ever written to, and only by the one sequence that holds it.

use std::collections::{BTreeSet, HashMap};

use super::decoder::{KvCache, Precision};
use super::{
    kernel::{
        LANES,
        attend::{Line, PAGE},
    },
    rows::lines,
};

/// Pages under a limit.
pub struct Pages {
    layers: usize,
    kv_heads: usize,
    /// Lines of a head.
    lines: usize,
    /// The most pages there may be.
    limit: usize,
    /// Keys and values are here. Else each sequence has its own elsewhere, nothing is held in common, and pages are
    /// only counted.
    here: bool,
    /// `[layers, kv_heads]` of keys and values each; see [`Attend::pages`](super::kernel::attend::Attend::pages).
    data: Vec<Box<[Line]>>,
    state: Vec<State>,
    free: Vec<usize>,
    known: HashMap<Key, usize>,
    /// Known pages that no sequence holds, the longest unused first.
    unused: BTreeSet<(u64, usize)>,
    /// Counts releases.
    clock: u64,
    /// The last number that a known page was given.
    last: u64,
}

/// Number of the page before, of the precision at the beginning, and the page's own tokens.
type Key = (u64, [u32; PAGE]);

#[derive(Default)]
struct State {
    /// How many sequences hold the page.
    holders: usize,
    /// How others find it.
    key: Option<Key>,
    /// Its number as a page before others; 0 where it is not known.
    number: u64,
    /// When it was last released.
    released: u64,
}

/// No page is free, and none can be made free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// The pages of one sequence.
#[derive(Default)]
pub struct Sequence {
    pages: Vec<usize>,
    /// Tokens seen.
    len: usize,
    /// How many pages, from the first on, are known to others.
    known: usize,
    /// In which its keys and values are computed: they differ a little from those of other precisions.
    precision: Precision,
    /// Keys and values where they are not in the pages.
    cache: Option<KvCache>,
}

impl Sequence {
    /// How many tokens have been seen.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none has been seen.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Its own cache, which `new` makes.
    pub(super) fn cache<E>(&mut self, new: impl FnOnce() -> Result<KvCache, E>) -> Result<&mut KvCache, E> {
        let cache = match self.cache.take() {
            Some(cache) => cache,
            None => new()?,
        };
        Ok(self.cache.insert(cache))
    }
}

impl Pages {
    /// Pages for `layers` layers of `kv_heads` heads of `head_dim` numbers, in at most `bytes` bytes. Where not `here`, they
    /// are counted and have no content.
    pub(super) fn new(layers: usize, kv_heads: usize, head_dim: usize, bytes: usize, here: bool) -> Self {
        let lines = lines(head_dim);
        let page = layers * kv_heads * 2 * lines * LANES * size_of::<Line>();
        Self {
            layers,
            kv_heads,
            lines,
            limit: bytes / page.max(1),
            here,
            data: Vec::new(),
            state: Vec::new(),
            free: Vec::new(),
            known: HashMap::new(),
            unused: BTreeSet::new(),
            clock: 0,
            // Lower numbers are those of precisions.
            last: 0xff,
        }
    }

    /// The most pages there may be.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// How many pages no sequence holds.
    pub fn available(&self) -> usize {
        self.free.len() + (self.limit - self.data.len()) + self.unused.len()
    }

    /// Bytes that the pages take now.
    pub fn size(&self) -> usize {
        self.data.iter().map(|page| size_of_val(&page[..])).sum()
    }

    /// How many pages `tokens` tokens take.
    pub fn needed(tokens: usize) -> usize {
        tokens.div_ceil(PAGE)
    }

    /// How many pages a fork of a sequence takes that has seen `tokens` tokens.
    pub fn needed_to_fork(&self, tokens: usize) -> usize {
        if self.here { usize::from(!tokens.is_multiple_of(PAGE)) } else { Self::needed(tokens) }
    }

    /// A sequence that has seen as many of `ids` as are known in `precision`, whole pages, and not the last one of
    /// them all, whose logits somebody wants.
    pub fn start(&mut self, precision: Precision, ids: &[u32]) -> Sequence {
        let mut sequence = Sequence { precision, ..Sequence::default() };
        let mut number = precision as u64;
        let all = ids.len().saturating_sub(1);
        for tokens in ids[..all].as_chunks::<PAGE>().0 {
            let Some(&page) = self.known.get(&(number, *tokens)) else {
                break;
            };
            self.hold(page);
            number = self.state[page].number;
            sequence.pages.push(page);
        }
        sequence.known = sequence.pages.len();
        sequence.len = sequence.pages.len() * PAGE;
        sequence
    }

    /// Makes room for `tokens` more tokens.
    ///
    /// # Errors
    /// [`Full`]; what there was stays.
    pub fn grow(&mut self, sequence: &mut Sequence, tokens: usize) -> Result<(), Full> {
        let wanted = Self::needed(sequence.len + tokens).saturating_sub(sequence.pages.len());
        if wanted > self.available() {
            return Err(Full);
        }
        for _ in 0..wanted {
            let page = self.take().ok_or(Full)?;
            sequence.pages.push(page);
        }
        Ok(())
    }

    /// A second sequence that has seen the same. Whole pages are held in common; the last one, where it is
    /// not full, is copied.
    ///
    /// # Errors
    /// [`Full`].
    pub fn fork(&mut self, sequence: &Sequence) -> Result<Sequence, Full> {
        if !self.here {
            let mut fork = Sequence::default();
            self.grow(&mut fork, sequence.len)?;
            fork.len = sequence.len;
            // A device that has no memory left has no room, whatever the count says.
            match sequence.cache.as_ref().map(KvCache::fork).transpose() {
                Ok(cache) => fork.cache = cache,
                Err(_) => {
                    self.release(fork);
                    return Err(Full);
                }
            }
            return Ok(fork);
        }
        let whole = sequence.len / PAGE;
        let mut pages = sequence.pages[..whole].to_vec();
        if !sequence.len.is_multiple_of(PAGE) {
            let copy = self.take().ok_or(Full)?;
            let mut data = std::mem::take(&mut self.data[copy]);
            data.copy_from_slice(&self.data[sequence.pages[whole]]);
            self.data[copy] = data;
            pages.push(copy);
        }
        for &page in &pages[..whole] {
            self.hold(page);
        }
        let &Sequence { len, known, precision, .. } = sequence;
        Ok(Sequence { pages, len, known: known.min(whole), precision, cache: None })
    }

    /// Lets others find the whole pages of a sequence whose tokens so far are `ids`.
    pub fn publish(&mut self, sequence: &mut Sequence, ids: &[u32]) {
        if !self.here {
            return;
        }
        let whole = (sequence.len / PAGE).min(ids.len() / PAGE);
        for i in sequence.known..whole {
            let number = match i.checked_sub(1) {
                Some(before) => self.state[sequence.pages[before]].number,
                None => sequence.precision as u64,
            };
            let Some(&tokens) = ids[i * PAGE..].first_chunk() else {
                return;
            };
            let (key, page) = ((number, tokens), sequence.pages[i]);
            match self.known.get(&key).copied() {
                // Another sequence was faster; the same tokens after the same tokens gave the same numbers.
                Some(same) if same != page => {
                    self.hold(same);
                    self.let_go(page);
                    sequence.pages[i] = same;
                }
                Some(_) => {}
                None => {
                    self.last += 1;
                    self.state[page].number = self.last;
                    self.state[page].key = Some(key);
                    self.known.insert(key, page);
                }
            }
            sequence.known = i + 1;
        }
    }

    /// Gives up a sequence. What others know of it stays until room is needed.
    pub fn release(&mut self, sequence: Sequence) {
        // The last page first: what follows a page is of no use without it, and has to go before it.
        for page in sequence.pages.into_iter().rev() {
            self.let_go(page);
        }
    }

    /// Takes in that the sequence has seen `tokens` more tokens.
    pub(super) fn advance(sequence: &mut Sequence, tokens: usize) {
        sequence.len += tokens;
    }

    /// Writes key and value of the token at `position`, lines of one head each.
    pub(super) fn write(
        &mut self,
        sequence: &Sequence,
        layer: usize,
        head: usize,
        position: usize,
        key: &[Line],
        value: &[Line],
    ) {
        let head = self.place(layer, head);
        let slot = position % PAGE;
        let page = &mut self.data[sequence.pages[position / PAGE]][head];
        let (keys, values) = page.split_at_mut(self.lines * LANES);
        for (line, key) in keys.iter_mut().zip(Line::floats(key)) {
            line.0[slot] = *key;
        }
        values[slot * self.lines..][..self.lines].copy_from_slice(value);
    }

    /// A head's keys and values in each page of the sequence.
    pub(super) fn read<'a>(&'a self, sequence: &Sequence, layer: usize, head: usize) -> Vec<&'a [Line]> {
        let head = self.place(layer, head);
        sequence.pages.iter().map(|&page| &self.data[page][head.clone()]).collect()
    }

    /// Lines of a head.
    pub(super) fn lines(&self) -> usize {
        self.lines
    }

    fn place(&self, layer: usize, head: usize) -> std::ops::Range<usize> {
        let size = 2 * self.lines * LANES;
        let at = (layer * self.kv_heads + head) * size;
        at..at + size
    }

    /// A page for one holder.
    fn take(&mut self) -> Option<usize> {
        let page = match self.free.pop() {
            Some(page) => page,
            None if self.data.len() < self.limit => {
                let size = if self.here { self.layers * self.kv_heads * 2 * self.lines * LANES } else { 0 };
                self.data.push(vec![Line::ZERO; size].into_boxed_slice());
                self.state.push(State::default());
                self.data.len() - 1
            }
            None => {
                let (_, page) = self.unused.pop_first()?;
                self.forget(page);
                page
            }
        };
        self.state[page].holders = 1;
        Some(page)
    }

    fn hold(&mut self, page: usize) {
        let state = &mut self.state[page];
        if state.holders == 0 {
            self.unused.remove(&(state.released, page));
        }
        state.holders += 1;
    }

    fn let_go(&mut self, page: usize) {
        self.clock += 1;
        let state = &mut self.state[page];
        state.holders -= 1;
        if state.holders > 0 {
            return;
        }
        match state.key {
            Some(_) => {
                state.released = self.clock;
                self.unused.insert((self.clock, page));
            }
            None => self.free.push(page),
        }
    }

    fn forget(&mut self, page: usize) {
        let state = &mut self.state[page];
        state.number = 0;
        if let Some(key) = state.key.take() {
            self.known.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages of one layer and one head of sixteen numbers: 2 KiB each.
    fn pages(limit: usize) -> Pages {
        Pages::new(1, 1, 16, limit * 2 * LANES * size_of::<Line>(), true)
    }

    /// A sequence that has read all of `ids`.
    fn read(pages: &mut Pages, ids: &[u32]) -> Sequence {
        let mut sequence = pages.start(Precision::F32, ids);
        let rest = ids.len() - sequence.len();
        pages.grow(&mut sequence, rest).unwrap();
        Pages::advance(&mut sequence, rest);
        pages.publish(&mut sequence, ids);
        sequence
    }

    fn ids(n: u32) -> Vec<u32> {
        (0..n).collect()
    }

    #[test]
    fn a_common_beginning_is_held_in_common() {
        let mut pages = pages(8);
        let first = read(&mut pages, &ids(40));
        let mut other = ids(40);
        other[35] = 99;
        let second = read(&mut pages, &other);
        assert_eq!(first.pages[..2], second.pages[..2]);
        assert_ne!(first.pages[2], second.pages[2]);
        assert_eq!(pages.available(), 4);
        pages.release(first);
        pages.release(second);
        assert_eq!(pages.available(), 8);
    }

    #[test]
    fn what_was_computed_in_one_precision_is_not_found_in_another() {
        let mut pages = pages(8);
        let first = read(&mut pages, &ids(40));
        assert_eq!(pages.start(Precision::Int16, &ids(40)).len(), 0);
        pages.release(first);
    }

    #[test]
    fn the_last_token_is_always_left_to_read() {
        let mut pages = pages(8);
        let first = read(&mut pages, &ids(32));
        pages.release(first);
        assert_eq!(pages.start(Precision::F32, &ids(32)).len(), 16);
        assert_eq!(pages.start(Precision::F32, &ids(33)).len(), 32);
    }

    #[test]
    fn the_longest_unused_goes_first_and_ends_before_beginnings() {
        let mut pages = pages(4);
        let old = read(&mut pages, &ids(32));
        pages.release(old);
        let new: Vec<u32> = (100..132).collect();
        let held = read(&mut pages, &new);
        pages.release(held);
        // One page more than there are: the second page of the old ones goes, and its first stays.
        let other = read(&mut pages, &[7; 5]);
        assert_eq!(pages.start(Precision::F32, &ids(33)).len(), 16);
        assert_eq!(pages.start(Precision::F32, &(100..133).collect::<Vec<_>>()).len(), 32);
        pages.release(other);
    }

    #[test]
    fn what_is_held_is_not_taken() {
        let mut pages = pages(2);
        let mut held = read(&mut pages, &ids(20));
        assert_eq!(pages.grow(&mut held, 13), Err(Full));
        assert_eq!(pages.grow(&mut held, 12), Ok(()));
        assert_eq!(pages.available(), 0);
        pages.release(held);
        assert_eq!(pages.available(), 2);
    }

    #[test]
    fn a_fork_copies_the_page_that_is_not_full() {
        let mut pages = pages(8);
        let mut first = read(&mut pages, &ids(20));
        let mut second = pages.fork(&first).unwrap();
        assert_eq!(first.pages[0], second.pages[0]);
        assert_ne!(first.pages[1], second.pages[1]);
        let line = |x| [Line([x; LANES])];
        for (sequence, x) in [(&mut first, 1.0), (&mut second, 2.0)] {
            pages.grow(sequence, 1).unwrap();
            pages.write(sequence, 0, 0, 20, &line(x), &line(x));
        }
        let value = |sequence| pages.read(sequence, 0, 0)[1][LANES + 4].0[0];
        assert_eq!((value(&first), value(&second)), (1.0, 2.0));
    }

    #[test]
    fn equal_pages_written_side_by_side_become_one() {
        let mut pages = pages(8);
        let mut both = [pages.start(Precision::F32, &ids(17)), pages.start(Precision::F32, &ids(17))];
        for sequence in &mut both {
            pages.grow(sequence, 17).unwrap();
            Pages::advance(sequence, 17);
        }
        for sequence in &mut both {
            pages.publish(sequence, &ids(17));
        }
        assert_eq!(both[0].pages[0], both[1].pages[0]);
        assert_eq!(pages.available(), 5);
        both.into_iter().for_each(|sequence| pages.release(sequence));
        assert_eq!(pages.available(), 8);
    }
}
