-- Is each answer right, in which language is the trace, how long is it?
--
-- reads   traces
-- writes  evaluated (model, lang, id, sample, answer, given, correct, trace_lang, in_language, tokens, num_steps, steps,
--                    finished): one row a trace
--
-- A model without <think> writes its reasoning into the response; then that is the trace. Some models think for a sentence
-- and reason in the response all the same: -p trace=output takes both together.

PARAMETER trace DEFAULT 'thinking';

CREATE OR REPLACE TABLE evaluated AS
WITH read AS (
    SELECT
        *,
        CASE WHEN $trace = 'output' THEN concat_ws(chr(10) || chr(10), thinking, response)
             ELSE coalesce(thinking, response) END AS trace
    FROM traces
    WHERE error IS NULL
)
SELECT
    model, lang, id, sample, answer,
    math_answer(coalesce(response, thinking)) AS given,
    coalesce(math_correct(answer, thinking, response), false) AS correct,
    lang_detect(trace) AS trace_lang,
    coalesce(lang_detect(trace) = lang, false) AS in_language,
    token_count(output) AS tokens,
    cardinality(trace_steps(trace)) AS num_steps,
    trace_steps(trace) AS steps,
    finish_reason IS DISTINCT FROM 'length' AS finished
FROM read;
