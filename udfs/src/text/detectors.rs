//! One language detector a list of candidates, kept as long as the functions live.

use crate::kit::{Args, Text};
use datafusion_common::Result;
use glotrace_text::lang::{Candidates, CandidatesError, Detector};
use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

/// The detectors made so far. Clones share them; two are always equal, since what is in here changes no result.
#[derive(Clone, Default)]
pub struct Detectors(Arc<Mutex<HashMap<Candidates, Arc<Detector>>>>);

impl Detectors {
    pub(super) fn of(&self, candidates: Candidates) -> Arc<Detector> {
        // A panic in another thread leaves a map of complete detectors behind.
        let mut detectors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let make = |candidates: &Candidates| Arc::new(Detector::new(candidates.clone()));
        Arc::clone(detectors.entry(candidates).or_insert_with_key(make))
    }

    /// The detector of each row by its comma list; the default one where the list is NULL.
    pub(super) fn rows<'a>(&'a self, args: &'a Args, place: usize) -> Result<Rows<'a>> {
        Ok(Rows { detectors: self, args, place, lists: args.text(place)?, last: None })
    }
}

/// See [`Detectors::rows`].
pub(super) struct Rows<'a> {
    detectors: &'a Detectors,
    args: &'a Args,
    place: usize,
    lists: Text,
    /// Lists rarely change from row to row.
    last: Option<(Option<String>, Arc<Detector>)>,
}

impl Rows<'_> {
    pub(super) fn at(&mut self, row: usize) -> Result<Arc<Detector>> {
        let list = self.lists.get(row);
        if let Some((last, detector)) = &self.last
            && last.as_deref() == list
        {
            return Ok(Arc::clone(detector));
        }
        let candidates = match list.map(str::parse).transpose() {
            Ok(candidates) => candidates.unwrap_or_default(),
            Err(error) => return Err(self.error(&error)),
        };
        let detector = self.detectors.of(candidates);
        self.last = Some((list.map(str::to_owned), Arc::clone(&detector)));
        Ok(detector)
    }

    fn error(&self, error: &CandidatesError) -> datafusion_common::DataFusionError {
        let what = format!("{}: {error}", self.args.place(self.place));
        self.args.error(what, "a comma list of codes, as in 'en,de,sw'")
    }
}

impl fmt::Debug for Detectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Detectors")
    }
}

impl PartialEq for Detectors {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Detectors {}

impl Hash for Detectors {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}
