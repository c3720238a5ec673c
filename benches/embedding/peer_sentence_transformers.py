"""sentence-transformers on the CPU: `peer_sentence_transformers.py FOLDER TEXTS.jsonl TEXTS BATCH [DTYPE]`."""

import itertools
import json
import os
import sys
import time

import torch
from sentence_transformers import SentenceTransformer

folder, texts_path, count, batch = sys.argv[1:5]
count, batch = int(count), int(batch)
started = time.perf_counter()
model = SentenceTransformer(folder, device="cpu")
if len(sys.argv) > 5 and sys.argv[5] == "bf16":
    model = model.to(torch.bfloat16)
load = time.perf_counter() - started
lines = [json.loads(line)["text"] for line in open(texts_path, encoding="utf-8")]
texts = [f"{text} {i}" for i, text in enumerate(itertools.islice(itertools.cycle(lines), count))]
model.encode(texts[:8], batch_size=batch)
started = time.perf_counter()
vectors = model.encode(texts, batch_size=batch, show_progress_bar=False)
seconds = time.perf_counter() - started
if path := os.environ.get("VECTORS"):
    vectors.astype("<f4").tofile(path)
print(json.dumps({"engine": "sentence-transformers", "batch": batch, "texts": count, "seconds": seconds,
                  "texts_per_second": count / seconds, "load_seconds": load, "threads": torch.get_num_threads()}))
