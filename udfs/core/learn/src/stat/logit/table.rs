//! The rows that are fitted.

use crate::stat::Keys;

/// Outcomes, features and clusters of the complete rows, and what is known of the others.
#[derive(Clone, Debug, Default)]
pub struct Table {
    columns: Vec<Vec<f64>>,
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
        Self { columns: vec![Vec::new(); width], clusters, known: vec![0; width], ..Self::default() }
    }

    /// Adds a row of [`Self::width`] features. One that lacks its outcome, a feature or, where the table has clusters, its
    /// cluster is counted and left out; a feature that is not finite is missing.
    pub fn push(&mut self, y: Option<bool>, x: &[Option<f64>], cluster: Option<&str>) {
        let is_known = |value: &Option<f64>| value.is_some_and(f64::is_finite);
        for (value, known) in x.iter().zip(&mut self.known) {
            *known += u64::from(is_known(value));
        }
        let complete = x.len() == self.width() && x.iter().all(is_known);
        let (Some(y), true) = (y, complete && (self.clusters.is_none() || cluster.is_some())) else {
            self.dropped += 1;
            return;
        };
        self.y.push(y);
        for (column, value) in self.columns.iter_mut().zip(x.iter().flatten()) {
            column.push(*value);
        }
        if let (Some(clusters), Some(cluster)) = (&mut self.clusters, cluster) {
            clusters.push(self.keys.code(cluster));
        }
    }

    /// Adds rows, [`Self::push`] of each: features column after column, in which what is missing is NaN; `clusters` are looked at
    /// where the table has clusters.
    pub fn append(&mut self, y: &[Option<bool>], columns: &[&[f64]], clusters: &[Option<&str>]) {
        let is_whole = |column: &&[f64]| column.iter().fold(true, |all, x| all & x.is_finite());
        if self.clusters.is_none() && columns.iter().all(is_whole) && y.iter().all(Option::is_some) {
            self.known.iter_mut().for_each(|known| *known += y.len() as u64);
            self.columns.iter_mut().zip(columns).for_each(|(own, column)| own.extend_from_slice(column));
            self.y.extend(y.iter().map(|y| *y == Some(true)));
            return;
        }
        let mut keep: Vec<bool> = y.iter().map(Option::is_some).collect();
        for (column, known) in columns.iter().zip(&mut self.known) {
            let mut count = 0;
            for (keep, x) in keep.iter_mut().zip(*column) {
                let is_known = x.is_finite();
                count += u64::from(is_known);
                *keep &= is_known;
            }
            *known += count;
        }
        if let Some(own) = &mut self.clusters {
            keep.iter_mut().zip(clusters).for_each(|(keep, cluster)| *keep &= cluster.is_some());
            let kept = clusters.iter().zip(&keep).filter(|(_, keep)| **keep).filter_map(|(cluster, _)| *cluster);
            own.extend(kept.map(|cluster| self.keys.code(cluster)));
        }
        let kept = keep.iter().filter(|keep| **keep).count();
        self.dropped += (keep.len() - kept) as u64;
        for (own, column) in self.columns.iter_mut().zip(columns) {
            own.extend(column.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(x, _)| *x));
        }
        self.y.extend(y.iter().zip(&keep).filter(|(_, keep)| **keep).filter_map(|(y, _)| *y));
    }

    /// Adds complete rows: features column after column, all finite and as many as outcomes, and clusters by number in `keys`.
    pub fn extend<'a>(
        &mut self,
        columns: impl IntoIterator<Item = &'a [f64]>,
        y: impl IntoIterator<Item = bool>,
        clusters: &[u32],
        keys: &[&str],
    ) {
        for (own, values) in self.columns.iter_mut().zip(columns) {
            own.extend_from_slice(values);
        }
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
        self.columns.len()
    }

    /// The number of complete rows.
    pub fn len(&self) -> usize {
        self.y.len()
    }

    /// Whether no row is complete.
    pub fn is_empty(&self) -> bool {
        self.y.is_empty()
    }

    /// A feature of the complete rows.
    pub fn column(&self, i: usize) -> &[f64] {
        &self.columns[i]
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
        let columns: usize = self.columns.iter().map(|column| column.capacity() * 8).sum();
        columns + self.y.capacity() + clusters + self.keys.size() + self.known.len() * 8
    }

    /// Features column after column, and outcomes.
    pub fn into_columns(self) -> (Vec<Vec<f64>>, Vec<bool>) {
        (self.columns, self.y)
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn incomplete_rows_are_counted_and_left_out() {
        let mut table = Table::new(2, false);
        table.push(Some(true), &[Some(1.0), None], None);
        table.push(None, &[Some(1.0), Some(2.0)], None);
        table.push(Some(true), &[Some(f64::INFINITY), Some(2.0)], None);
        table.push(Some(true), &[Some(1.0), Some(2.0)], None);
        assert_eq!((table.len(), table.dropped(), table.known()), (1, 3, &[3, 3][..]));
        assert_eq!([table.column(0), table.column(1)], [[1.0], [2.0]]);
        let mut other = Table::new(2, false);
        let nan = f64::NAN;
        let y = [Some(true), None, Some(true), Some(true)];
        other.append(&y, &[&[1.0, 1.0, f64::INFINITY, 1.0], &[nan, 2.0, 2.0, 2.0]], &[]);
        assert_eq!(format!("{other:?}"), format!("{table:?}"));
    }
}
