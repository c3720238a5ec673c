-- Is each answer right, in which language is the trace, how long is it?
--
-- reads   traces
-- writes  evaluated (model, lang, id, sample, answer, given, correct, trace_lang, in_language, tokens, num_steps, steps,
--                    finished): one row a trace
--
-- A model without <think> writes its reasoning into the response; then that is the trace.

CREATE OR REPLACE TABLE evaluated AS
SELECT
    model, lang, id, sample, answer,
    math_answer(coalesce(response, thinking)) AS given,
    coalesce(math_correct(answer, thinking, response), false) AS correct,
    lang_detect(coalesce(thinking, response)) AS trace_lang,
    coalesce(lang_detect(coalesce(thinking, response)) = lang, false) AS in_language,
    token_count(output) AS tokens,
    cardinality(trace_steps(coalesce(thinking, response))) AS num_steps,
    trace_steps(coalesce(thinking, response)) AS steps,
    finish_reason IS DISTINCT FROM 'length' AS finished
FROM traces
WHERE error IS NULL;
