"""Hugging Face transformers on the CPU: `peer_transformers.py MODEL.gguf PROMPTS.jsonl DTYPE BATCH PROMPTS TOKENS`."""

import json
import os
import sys
import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

model_path, prompts_path, dtype, batch, count, tokens = sys.argv[1:7]
batch, count, tokens = int(batch), int(count), int(tokens)
folder, name = os.path.split(model_path)
started = time.perf_counter()
tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
tokenizer.padding_side = "left"
tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype={"bf16": torch.bfloat16, "f32": torch.float32}[dtype])
model.eval()
load = time.perf_counter() - started
prompts = [json.loads(line)["prompt"] for line in open(prompts_path, encoding="utf-8")][:count]
chats = [[{"role": "user", "content": p}] for p in prompts]


def run(chats, tokens):
    inputs = tokenizer.apply_chat_template(chats, add_generation_prompt=True, padding=True, return_tensors="pt", return_dict=True)
    with torch.inference_mode():
        out = model.generate(**inputs, min_new_tokens=tokens, max_new_tokens=tokens, do_sample=False, pad_token_id=tokenizer.pad_token_id)
    return out.shape[0] * (out.shape[1] - inputs["input_ids"].shape[1]), int(inputs["attention_mask"].sum())


run(chats[:1], 4)
started = time.perf_counter()
drawn = read = 0
for i in range(0, count, batch):
    d, r = run(chats[i : i + batch], tokens)
    drawn, read = drawn + d, read + r
seconds = time.perf_counter() - started
print(json.dumps({"engine": f"transformers {dtype}", "batch": batch, "tokens": drawn, "prompt_tokens": read,
                  "seconds": seconds, "tokens_per_second": drawn / seconds, "load_seconds": load}))
