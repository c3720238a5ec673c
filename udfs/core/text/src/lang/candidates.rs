//! The languages among which a detector chooses, checked.
//!
//! A detector is as good as its list is short, so the list is an argument. It is a value with
//! equality and a hash, so that a caller can keep one detector a list.

use super::name;
use lingua::Language;
use std::{error::Error, fmt, str::FromStr};

/// The languages that can be asked for, by code. Which ones are in here is decided by lingua's
/// features in the manifest.
const KNOWN: [(&str, Language); 14] = [
    ("ar", Language::Arabic),
    ("bn", Language::Bengali),
    ("de", Language::German),
    ("en", Language::English),
    ("es", Language::Spanish),
    ("fr", Language::French),
    ("ja", Language::Japanese),
    ("ko", Language::Korean),
    ("pt", Language::Portuguese),
    ("ru", Language::Russian),
    ("sw", Language::Swahili),
    ("te", Language::Telugu),
    ("th", Language::Thai),
    ("zh", Language::Chinese),
];

/// A non-empty list of languages, sorted by code and without repeats: `"en,de"` and `"de, EN,en"`
/// are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Candidates(Vec<&'static str>);

impl Candidates {
    /// The codes that a list may hold, sorted.
    pub fn supported() -> impl Iterator<Item = &'static str> {
        KNOWN.iter().map(|&(code, _)| code)
    }

    /// The codes of this list, sorted.
    pub fn codes(&self) -> &[&'static str] {
        &self.0
    }

    /// lingua's name for each of [`Self::codes`].
    pub(super) fn languages(&self) -> Vec<Language> {
        KNOWN.iter().filter(|(code, _)| self.0.contains(code)).map(|&(_, language)| language).collect()
    }
}

/// The code of one of lingua's languages; `None` for one that no list can hold.
pub(super) fn code(language: Language) -> Option<&'static str> {
    KNOWN.iter().find(|&&(_, known)| known == language).map(|&(code, _)| code)
}

/// The twelve languages of the study: all that are supported but Arabic and Portuguese.
impl Default for Candidates {
    fn default() -> Self {
        Self(Self::supported().filter(|code| !matches!(*code, "ar" | "pt")).collect())
    }
}

/// Reads a comma list of ISO 639-1 codes. Case, blanks and empty places do not matter.
impl FromStr for Candidates {
    type Err = CandidatesError;

    fn from_str(list: &str) -> Result<Self, Self::Err> {
        let mut codes = Vec::new();
        for given in list.split(',').map(str::trim).filter(|code| !code.is_empty()) {
            let code = Self::supported()
                .find(|code| code.eq_ignore_ascii_case(given))
                .ok_or_else(|| CandidatesError::Unknown(given.to_owned()))?;
            codes.push(code);
        }
        if codes.is_empty() {
            return Err(CandidatesError::Empty);
        }
        codes.sort_unstable();
        codes.dedup();
        Ok(Self(codes))
    }
}

/// Why a list of languages is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CandidatesError {
    /// A code, as given, that cannot be detected.
    Unknown(String),
    /// No code at all.
    Empty,
}

impl fmt::Display for CandidatesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(given) => match name(given) {
                Some(name) => write!(f, "no language model for '{given}' ({name})")?,
                None => write!(f, "'{given}' is not an ISO 639-1 code")?,
            },
            Self::Empty => write!(f, "the list of languages is empty")?,
        }
        let codes: Vec<_> = Candidates::supported().collect();
        write!(f, "; languages that can be detected: {}", codes.join(", "))
    }
}

impl Error for CandidatesError {}

#[cfg(test)]
mod tests {
    use super::{Candidates, CandidatesError};

    #[test]
    fn lists_are_equal_when_they_name_the_same_languages() {
        let list: Candidates = " de,EN,,en ,".parse().unwrap();
        assert_eq!(list, "en,de".parse().unwrap());
        assert_eq!(list.codes(), ["de", "en"]);
        assert_eq!(list.languages().len(), 2);
    }

    #[test]
    fn the_default_is_the_twelve_languages_of_the_study() {
        assert_eq!(Candidates::default(), "bn,de,en,es,fr,ja,ko,ru,sw,te,th,zh".parse().unwrap());
    }

    #[test]
    fn an_error_says_which_languages_there_are() {
        let error = "en,hi".parse::<Candidates>().unwrap_err();
        assert_eq!(error, CandidatesError::Unknown("hi".to_owned()));
        assert_eq!(
            error.to_string(),
            "no language model for 'hi' (Hindi); languages that can be detected: \
             ar, bn, de, en, es, fr, ja, ko, pt, ru, sw, te, th, zh"
        );
        assert!(
            "english".parse::<Candidates>().unwrap_err().to_string().starts_with("'english' is not an ISO 639-1 code")
        );
        assert_eq!(" , ".parse::<Candidates>(), Err(CandidatesError::Empty));
    }
}
