//! SentencePiece's own file → the tokenizer that `tokenizer.json` would hold.
//!
//! Checkpoints from before the fast tokenizers carry nothing else: `sentencepiece.bpe.model` beside InfoXLM and XLM-R, `spm.model`
//! beside DeBERTa-v2 and -v3. The name of the file tells which family it is of, as it does in `transformers`; all of them are
//! unigram models (Kudo, arXiv 1804.10959).

use std::path::Path;

use prost::Message;
use tokenizers::{
    AddedToken,
    models::unigram::Unigram,
    normalizers::{
        NormalizerWrapper, Precompiled, Replace, Sequence as Normalizers, Strip, replace::ReplacePattern,
        utils::Lowercase,
    },
    pre_tokenizers::{
        PreTokenizerWrapper,
        metaspace::{Metaspace, PrependScheme},
        punctuation::Punctuation,
        sequence::Sequence as PreTokenizers,
        whitespace::WhitespaceSplit,
    },
    processors::template::{SpecialToken, Template, TemplateProcessing},
};

use super::{failed, pieces::MARK};
use crate::{Error, Kind, Result, local::folder::json::Json};

/// The files that are read, in this order.
const FILES: [(&str, Family); 2] = [("sentencepiece.bpe.model", Family::XlmRoberta), ("spm.model", Family::Deberta)];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// fairseq's numbering: four control tokens of its own, then the pieces without SentencePiece's three.
    XlmRoberta,
    /// The pieces as the file numbers them.
    Deberta,
}

/// What of `sentencepiece_model.proto` a tokenizer is made of.
#[derive(Clone, PartialEq, Message)]
struct Model {
    #[prost(message, repeated, tag = "1")]
    pieces: Vec<Piece>,
    #[prost(message, optional, tag = "2")]
    trainer: Option<Trainer>,
    #[prost(message, optional, tag = "3")]
    normalizer: Option<Normalizer>,
}

#[derive(Clone, PartialEq, Message)]
struct Piece {
    #[prost(string, tag = "1")]
    text: String,
    #[prost(float, tag = "2")]
    score: f32,
    #[prost(int32, optional, tag = "3")]
    kind: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
struct Trainer {
    #[prost(int32, optional, tag = "3")]
    model_type: Option<i32>,
    #[prost(int32, tag = "40")]
    unknown: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Normalizer {
    #[prost(bytes = "vec", tag = "2")]
    charsmap: Vec<u8>,
}

/// Values of `TrainerSpec.ModelType` and `SentencePiece.Type`.
const UNIGRAM: i32 = 1;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;

/// The tokenizer that SentencePiece's file in `folder` holds; `None` where there is none.
pub(super) fn open(folder: &Path) -> Result<Option<tokenizers::Tokenizer>> {
    let Some((path, family)) =
        FILES.iter().map(|(name, family)| (folder.join(name), *family)).find(|(path, _)| path.is_file())
    else {
        return Ok(None);
    };
    let invalid = |what: String| Error::new(Kind::Model, format!("{}: {what}", path.display()));
    let content = std::fs::read(&path).map_err(|e| Error::io(&path, &e))?;
    let model = Model::decode(content.as_slice()).map_err(|e| invalid(format!("it is no SentencePiece model: {e}")))?;
    if model.trainer.as_ref().and_then(|t| t.model_type).unwrap_or(UNIGRAM) != UNIGRAM {
        return Err(invalid("it is no unigram model, and others of SentencePiece are not built for encoders".into()));
    }
    match family {
        Family::XlmRoberta => xlm_roberta(&model),
        Family::Deberta => deberta(&model, &Rules::of(folder)?),
    }
    .map(Some)
    .map_err(|e| invalid(e.message().to_owned()))
}

fn xlm_roberta(model: &Model) -> Result<tokenizers::Tokenizer> {
    let own = ["<s>", "<pad>", "</s>", "<unk>"];
    // SentencePiece's <unk>, <s> and </s> come first.
    let pieces = model.pieces.iter().skip(3).map(scored);
    let control = |text: &str| (text.to_owned(), 0.0);
    let vocabulary = own.map(control).into_iter().chain(pieces).chain([control("<mask>")]).collect();
    let mut inner = tokenizers::Tokenizer::new(Unigram::from(vocabulary, Some(3), false).map_err(failed)?);
    let words: [PreTokenizerWrapper; 2] = [WhitespaceSplit.into(), metaspace().into()];
    inner.with_pre_tokenizer(Some(PreTokenizers::new(words.into())));
    inner.with_normalizer(Some(Normalizers::new(charsmap(model)?))).map_err(failed)?;
    let mask = AddedToken::from("<mask>", true).lstrip(true);
    inner.add_special_tokens(own.map(|text| AddedToken::from(text, true)).into_iter().chain([mask])).map_err(failed)?;
    finish(inner, ["<s>", "</s>"], "<s> $A </s>", "<s> $A </s> </s> $B </s>")
}

/// What `tokenizer_config.json` may say.
#[derive(Default)]
struct Rules {
    lower_case: bool,
    split_punctuation: bool,
}

impl Rules {
    fn of(folder: &Path) -> Result<Self> {
        let Some(settings) = Json::open(&folder.join("tokenizer_config.json"))? else {
            return Ok(Self::default());
        };
        let flag = |key| Ok::<_, Error>(settings.flag(key)?.unwrap_or(false));
        Ok(Self { lower_case: flag("do_lower_case")?, split_punctuation: flag("split_by_punct")? })
    }
}

fn deberta(model: &Model, rules: &Rules) -> Result<tokenizers::Tokenizer> {
    let vocabulary = model.pieces.iter().map(scored).collect();
    let unknown = model.trainer.as_ref().map_or(0, |trainer| trainer.unknown);
    let unknown = usize::try_from(unknown).map_err(|_| Error::new(Kind::Model, "it has no token for the unknown"))?;
    let mut inner = tokenizers::Tokenizer::new(Unigram::from(vocabulary, Some(unknown), false).map_err(failed)?);
    let mut normalizers: Vec<NormalizerWrapper> = Vec::new();
    if rules.lower_case {
        normalizers.push(Lowercase.into());
    }
    normalizers.push(Strip::new(true, true).into());
    normalizers.extend(charsmap(model)?);
    normalizers.push(Replace::new(ReplacePattern::Regex(" {2,}".into()), " ").map_err(failed)?.into());
    inner.with_normalizer(Some(Normalizers::new(normalizers))).map_err(failed)?;
    let mut words: Vec<PreTokenizerWrapper> = Vec::new();
    if rules.split_punctuation {
        words.push(Punctuation::default().into());
    }
    words.push(metaspace().into());
    inner.with_pre_tokenizer(Some(PreTokenizers::new(words)));
    let of_kind = |kind: i32| {
        let texts = model.pieces.iter().filter(move |piece| piece.kind == Some(kind));
        texts.map(move |piece| AddedToken::from(piece.text.as_str(), kind == CONTROL).normalized(false))
    };
    inner.add_special_tokens(of_kind(CONTROL)).map_err(failed)?;
    inner.add_tokens(of_kind(USER_DEFINED)).map_err(failed)?;
    let named = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"].map(|text| AddedToken::from(text, true));
    inner.add_special_tokens(named).map_err(failed)?;
    finish(inner, ["[CLS]", "[SEP]"], "[CLS] $A [SEP]", "[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1")
}

fn scored(piece: &Piece) -> (String, f64) {
    (piece.text.clone(), f64::from(piece.score))
}

/// Each word begins with the mark of a space.
fn metaspace() -> Metaspace {
    Metaspace::new(MARK, PrependScheme::Always, true)
}

/// SentencePiece's own table of what characters become.
fn charsmap(model: &Model) -> Result<Vec<NormalizerWrapper>> {
    match model.normalizer.as_ref().map(|n| n.charsmap.as_slice()) {
        None | Some([]) => Ok(Vec::new()),
        Some(table) => {
            let table = Precompiled::from(table)
                .map_err(|e| Error::new(Kind::Model, format!("its table of characters cannot be read: {e}")))?;
            Ok(vec![table.into()])
        }
    }
}

/// With the tokens that stand around texts, and the way back.
fn finish(mut inner: tokenizers::Tokenizer, around: [&str; 2], one: &str, two: &str) -> Result<tokenizers::Tokenizer> {
    let absent = |text| Error::new(Kind::Model, format!("it has no token {text}"));
    let mut special = Vec::new();
    for text in around {
        special.push(SpecialToken::from((text.to_owned(), inner.token_to_id(text).ok_or_else(|| absent(text))?)));
    }
    let template = |text: &str| Template::try_from(text).map_err(|e| Error::new(Kind::Model, e));
    let rule = TemplateProcessing::builder()
        .single(template(one)?)
        .pair(template(two)?)
        .special_tokens(special)
        .build()
        .map_err(|e| Error::new(Kind::Model, e.to_string()))?;
    inner.with_post_processor(Some(rule)).with_decoder(Some(metaspace()));
    Ok(inner)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde::Deserialize;

    use super::*;
    use crate::local::tokenizer::TextTokenizer;

    #[derive(Deserialize)]
    struct Reference {
        text: String,
        /// As SentencePiece's own library numbers them.
        ids: Vec<u32>,
    }

    /// A folder with nothing but the file `name`, and what SentencePiece's own library says of some texts.
    fn made(name: &str) -> (TextTokenizer, Vec<Reference>) {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sentencepiece");
        let folder = tempfile::tempdir().unwrap();
        fs::copy(data.join(name), folder.path().join(name)).unwrap();
        let lines = fs::read_to_string(data.join(format!("{name}.jsonl"))).unwrap();
        let references: Vec<Reference> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(references.len(), 19);
        (TextTokenizer::open(folder.path()).unwrap(), references)
    }

    fn ids(tokenizer: &TextTokenizer, text: &str) -> Vec<u32> {
        tokenizer.one(text, usize::MAX).unwrap().input.ids
    }

    #[test]
    fn xlm_roberta_numbers_pieces_as_fairseq_does() {
        let (tokenizer, references) = made("sentencepiece.bpe.model");
        for Reference { text, ids: theirs } in references {
            let shifted = theirs.into_iter().map(|id| if id == 0 { 3 } else { id + 1 });
            assert_eq!(
                ids(&tokenizer, &text),
                [0].into_iter().chain(shifted).chain([2]).collect::<Vec<_>>(),
                "{text:?}"
            );
        }
        let two = tokenizer.two("", "", usize::MAX).unwrap().input;
        assert_eq!((two.ids, two.segments), (vec![0, 2, 2, 2], vec![0; 4]));
    }

    #[test]
    fn deberta_numbers_pieces_as_the_file_does() {
        let (tokenizer, references) = made("spm.model");
        for Reference { text, ids: theirs } in references {
            assert_eq!(
                ids(&tokenizer, &text),
                [1].into_iter().chain(theirs).chain([2]).collect::<Vec<_>>(),
                "{text:?}"
            );
        }
        let two = tokenizer.two("", "", usize::MAX).unwrap().input;
        assert_eq!((two.ids, two.segments), (vec![1, 2, 2], vec![0, 0, 1]));
    }

    #[test]
    fn a_file_that_is_none_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("spm.model"), [0xFF; 9]).unwrap();
        let error = TextTokenizer::open(folder.path()).err().unwrap();
        assert!(error.message().contains("spm.model: it is no SentencePiece model"), "{error}");
        assert!(open(Path::new("/nowhere")).unwrap().is_none());
    }
}
