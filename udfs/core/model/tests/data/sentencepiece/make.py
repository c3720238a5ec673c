"""Makes the SentencePiece files that the tests of src/local/tokenizer/sentencepiece.rs read, and what the library itself makes of some texts.

    pip install sentencepiece==0.2.1 && python make.py
"""
import json
from pathlib import Path

import sentencepiece as spm

HERE = Path(__file__).resolve().parent
CORPUS = [
    "How many apples are left when three children take two each?",
    "Let x be the number of weeks until both have saved the same amount.",
    "We subtract the first equation from the second and divide by seven.",
    "Therefore the answer is 42, because 6 * 7 = 42.",
    "একটি ঝুড়িতে বারোটি আম আছে এবং তিনজন শিশু দুটি করে নেয়।",
    "তাই উত্তর হল ছয়।",
    "箱一つにボールが二十四個入っています。全部で何個ですか。",
    "因此剩下的书一共有多少本？",
    "มีส้มสิบสองผลในตะกร้า เด็กสามคนหยิบคนละสองผล",
    "Сколько литров воды останется в баке через десять минут?",
    "Mkulima ana mbuzi kumi na wawili na ananunua watano zaidi.",
] * 20
TEXTS = CORPUS[:11] + ["", " ", "  two  spaces ", "tab\tand\nnewline", "ﬁve ½ Ⅳ", "unknown ☃ and 😀", "A42b.", "x\u00a0y", "[CLS] <s>"]

for name, options in {
    "sentencepiece.bpe.model": {"unk_id": 0, "bos_id": 1, "eos_id": 2, "pad_id": -1},
    "spm.model": {
        "pad_id": 0, "bos_id": 1, "eos_id": 2, "unk_id": 3,
        "pad_piece": "[PAD]", "bos_piece": "[CLS]", "eos_piece": "[SEP]", "unk_piece": "[UNK]",
    },
}.items():
    rules = HERE / "rules.tsv"
    # A few rules as nmt_nfkc has them, so that the table stays small: ligature, fraction, numeral, tab, line end, hard space.
    rules.write_text("FB01\t66 69\nBD\t31 2044 32\n2163\t49 56\n9\t20\nA\t20\nA0\t20\n")
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS), model_prefix=str(HERE / "m"), vocab_size=195, model_type="unigram", character_coverage=1.0,
        normalization_rule_tsv=str(rules), num_threads=1, minloglevel=2, **options)
    (HERE / "m.model").rename(HERE / name)
    (HERE / "m.vocab").unlink()
    rules.unlink()
    processor = spm.SentencePieceProcessor(model_file=str(HERE / name))
    with (HERE / f"{name}.jsonl").open("w", encoding="utf-8") as out:
        for text in TEXTS:
            if text != TEXTS[-1]:
                out.write(json.dumps({"text": text, "ids": processor.encode(text)}, ensure_ascii=False) + "\n")
