//! The rows that are fitted.

use crate::stat::Keys;

/// Outcomes, features and clusters of the complete rows, and what is known of the others.
#[derive(Clone, Debug, Default)]
pub struct Table {
    width: usize,
    x: Vec<f64>,
    y: Vec<bool>,
    clusters: Option<Vec<u32>>,
    keys: Keys,
    dropped: u64,
    known: Vec<u64>,
}

impl Table {
    /// A table of `width` features, with or without clusters.
    pub fn new(width: usize, clustered: bool) -> Self {
        let clusters = clustered.then(Vec::new);
        Self { width, clusters, known: vec![0; width], ..Self::default() }
    }

    /// Adds a row of [`Self::width`] features. One that lacks its outcome, a feature or, where the table has clusters, its
    /// cluster is counted and left out; a feature that is not finite is missing.
    pub fn push(&mut self, y: Option<bool>, x: &[Option<f64>], cluster: Option<&str>) {
        let start = self.x.len();
        for (value, known) in x.iter().zip(&mut self.known) {
            if let Some(value) = value.filter(|value| value.is_finite()) {
                self.x.push(value);
                *known += 1;
            }
        }
        let (Some(y), true) = (y, self.x.len() - start == self.width && (self.clusters.is_none() || cluster.is_some()))
        else {
            self.x.truncate(start);
            self.dropped += 1;
            return;
        };
        self.y.push(y);
        if let (Some(clusters), Some(cluster)) = (&mut self.clusters, cluster) {
            clusters.push(self.keys.code(cluster));
        }
    }

    /// Adds rows that [`Self::push`] has kept in another table: features row after row, outcomes, clusters by number in `keys`.
    /// Numbers without a key are left out, which does not happen.
    pub fn extend(&mut self, x: &[f64], y: impl IntoIterator<Item = bool>, clusters: &[u32], keys: &[&str]) {
        self.x.extend_from_slice(x);
        self.y.extend(y);
        if let Some(own) = &mut self.clusters {
            let codes: Vec<u32> = keys.iter().map(|key| self.keys.code(key)).collect();
            own.extend(clusters.iter().filter_map(|code| codes.get(*code as usize)));
        }
    }

    /// Adds what another table knows of rows: how many were left out, and in how many each feature was there.
    pub fn count(&mut self, dropped: u64, known: &[u64]) {
        self.dropped += dropped;
        for (own, known) in self.known.iter_mut().zip(known) {
            *own += known;
        }
    }

    /// The number of features.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The number of complete rows.
    pub fn len(&self) -> usize {
        self.y.len()
    }

    /// Whether no row is complete.
    pub fn is_empty(&self) -> bool {
        self.y.is_empty()
    }

    /// The features, row after row.
    pub fn x(&self) -> &[f64] {
        &self.x
    }

    /// The outcomes.
    pub fn y(&self) -> &[bool] {
        &self.y
    }

    /// The clusters by number, where the table has clusters.
    pub fn clusters(&self) -> Option<&[u32]> {
        self.clusters.as_deref()
    }

    /// The clusters' names.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Rows left out.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// In how many rows each feature was there, the rows left out included.
    pub fn known(&self) -> &[u64] {
        &self.known
    }

    /// Bytes on the heap, about.
    pub fn size(&self) -> usize {
        let clusters = self.clusters.as_ref().map_or(0, |codes| codes.capacity() * 4);
        self.x.capacity() * 8 + self.y.capacity() + clusters + self.keys.size() + self.known.len() * 8
    }

    /// Features row after row, and outcomes.
    pub fn into_rows(self) -> (Vec<f64>, Vec<bool>) {
        (self.x, self.y)
    }

    pub(super) fn row(&self, i: usize) -> &[f64] {
        &self.x[i * self.width..(i + 1) * self.width]
    }

    /// Puts the rows into an order that depends on what they hold and not on how they came, so that sums over them do not either.
    pub(super) fn arrange(&mut self) {
        let ranks = self.keys.ranks();
        let rank = |i: usize| self.clusters.as_ref().map_or(0, |codes| ranks[codes[i] as usize]);
        let mut order: Vec<(u64, usize)> =
            (0..self.len()).map(|i| (hash(self.row(i), self.y[i], rank(i)), i)).collect();
        order.sort_unstable();
        for equal in order.chunk_by_mut(|a, b| a.0 == b.0).filter(|equal| equal.len() > 1) {
            // Equal rows as a rule: then any order is the same.
            let bits = |i: usize| (self.row(i).iter().map(|x| x.to_bits()), self.y[i], rank(i));
            equal.sort_unstable_by(|a, b| {
                let ((x, y, cluster), (other_x, other_y, other_cluster)) = (bits(a.1), bits(b.1));
                x.cmp(other_x).then(y.cmp(&other_y)).then(cluster.cmp(&other_cluster))
            });
        }
        self.permute(order.into_iter().map(|(_, i)| i).collect());
        // The names keep their numbers; the numbers of arranged rows are only ever compared by rank.
    }

    /// Row i becomes what row `from[i]` was, in place.
    fn permute(&mut self, mut from: Vec<usize>) {
        let width = self.width;
        let mut first = vec![0.0; width];
        for start in 0..from.len() {
            if from[start] == start {
                continue;
            }
            first.copy_from_slice(&self.x[start * width..(start + 1) * width]);
            let first_y = self.y[start];
            let first_cluster = self.clusters.as_ref().map(|codes| codes[start]);
            let mut place = start;
            loop {
                let source = std::mem::replace(&mut from[place], place);
                if source == start {
                    self.x[place * width..(place + 1) * width].copy_from_slice(&first);
                    self.y[place] = first_y;
                    if let (Some(codes), Some(code)) = (&mut self.clusters, first_cluster) {
                        codes[place] = code;
                    }
                    break;
                }
                self.x.copy_within(source * width..(source + 1) * width, place * width);
                self.y[place] = self.y[source];
                if let Some(codes) = &mut self.clusters {
                    codes[place] = codes[source];
                }
                place = source;
            }
        }
    }
}

fn hash(x: &[f64], y: bool, cluster: u32) -> u64 {
    let seed = (u64::from(cluster) << 1) | u64::from(y);
    x.iter().fold(mix(seed), |state, x| mix(state ^ x.to_bits()))
}

/// The finaliser of SplitMix64: a bijection in which every bit of the result depends on every bit given.
fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn rows_are_arranged_by_what_they_hold() {
        let rows: Vec<(bool, f64, String)> =
            (0..40).map(|i| (i % 3 == 0, f64::from(i % 7), format!("q{}", i % 5))).collect();
        let arranged = |rows: &mut dyn Iterator<Item = &(bool, f64, String)>| {
            let mut table = Table::new(1, true);
            rows.for_each(|(y, x, cluster)| table.push(Some(*y), &[Some(*x)], Some(cluster)));
            table.arrange();
            let names: Vec<String> = table.keys().names().map(str::to_owned).collect();
            let clusters: Vec<String> =
                table.clusters().unwrap().iter().map(|code| names[*code as usize].clone()).collect();
            (table.x().to_vec(), table.y().to_vec(), clusters)
        };
        let forwards = arranged(&mut rows.iter());
        assert_eq!(forwards, arranged(&mut rows.iter().rev()));
        let mut held: Vec<_> = (0..40).map(|i| (forwards.1[i], forwards.0[i] as i64, forwards.2[i].clone())).collect();
        let mut given: Vec<_> = rows.iter().map(|(y, x, cluster)| (*y, *x as i64, cluster.clone())).collect();
        held.sort();
        given.sort();
        assert_eq!(held, given);
    }

    #[test]
    fn incomplete_rows_are_counted_and_left_out() {
        let mut table = Table::new(2, false);
        table.push(Some(true), &[Some(1.0), None], None);
        table.push(None, &[Some(1.0), Some(2.0)], None);
        table.push(Some(true), &[Some(f64::INFINITY), Some(2.0)], None);
        table.push(Some(true), &[Some(1.0), Some(2.0)], None);
        assert_eq!((table.len(), table.dropped(), table.known()), (1, 3, &[3, 3][..]));
        assert_eq!(table.x(), [1.0, 2.0]);
    }
}
