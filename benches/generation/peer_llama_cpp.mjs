// llama.cpp through node-llama-cpp: `node peer_llama_cpp.mjs MODEL.gguf PROMPTS.jsonl BATCH PROMPTS TOKENS`, in the folder
// in which node-llama-cpp is installed.
import fs from "node:fs";
import {getLlama, LlamaLogLevel} from "node-llama-cpp";

const [modelPath, promptsPath, batchText, countText, tokensText] = process.argv.slice(2);
const [batch, count, tokens] = [batchText, countText, tokensText].map(Number);
const prompts = fs.readFileSync(promptsPath, "utf8").trim().split("\n").slice(0, count).map((line) => JSON.parse(line).prompt);
let started = performance.now();
const llama = await getLlama({gpu: false, build: "never", logLevel: LlamaLogLevel.error, maxThreads: Number(process.env.THREADS ?? 0) || undefined});
const model = await llama.loadModel({modelPath, gpuLayers: 0});
const context = await model.createContext({sequences: batch, contextSize: 512, batchSize: 512, threads: Number(process.env.THREADS ?? 2)});
const load = (performance.now() - started) / 1000;
const chat = (text) => "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
    + `<|im_start|>user\n${text}<|im_end|>\n<|im_start|>assistant\n`;
const sequences = Array.from({length: batch}, () => context.getSequence());
let drawn = 0, read = 0;

async function complete(sequence, text, tokens) {
    await sequence.clearHistory();
    const ids = model.tokenize(chat(text), true);
    read += ids.length;
    let n = 0;
    for await (const _ of sequence.evaluate(ids, {temperature: 0, yieldEogToken: true})) {
        drawn++;
        if (++n === tokens) break;
    }
}

await complete(sequences[0], prompts[0], 4);
drawn = read = 0;
started = performance.now();
const queue = [...prompts];
await Promise.all(sequences.map(async (sequence) => {
    for (let text; (text = queue.shift()) != null;) await complete(sequence, text, tokens);
}));
const seconds = (performance.now() - started) / 1000;
console.log(JSON.stringify({engine: "llama.cpp", batch, tokens: drawn, prompt_tokens: read, seconds,
    tokens_per_second: drawn / seconds, load_seconds: load}));
process.exit(0);
