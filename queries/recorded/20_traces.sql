-- The traces that somebody recorded, in place of 10_questions.sql and 20_traces.sql.
--
-- reads   $recorded: a folder with files NAME_LANG.jsonl that hold question_index, ground_truth and, for English,
--         english_question and english_response, for other languages native_question and native_response
-- writes  traces (as 20_traces.sql; what was not recorded is NULL), questions (as 10_questions.sql)

PARAMETER recorded;

CREATE OR REPLACE TABLE traces AS
WITH given AS (
    SELECT * FROM read_json($recorded || '/*.jsonl', filename => true)
    UNION ALL BY NAME
    SELECT NULL::TEXT AS english_question, NULL::TEXT AS english_response,
           NULL::TEXT AS native_question, NULL::TEXT AS native_response WHERE false
),
named AS (
    SELECT
        question_index, ground_truth,
        regexp_match(filename, '([^/]+)_([a-z]+)\.jsonl') AS name,
        coalesce(native_question, english_question) AS question,
        coalesce(native_response, english_response) AS output
    FROM given
)
SELECT
    name[1] AS model,
    name[2] AS lang,
    question_index::BIGINT AS id,
    question,
    ground_truth::TEXT AS answer,
    0 AS sample,
    output,
    trace_split(output).thinking,
    trace_split(output).response,
    NULL::TEXT AS finish_reason, NULL::BIGINT AS prompt_tokens, NULL::BIGINT AS completion_tokens,
    NULL::DOUBLE AS seconds, NULL::TEXT AS error
FROM named
ORDER BY lang, id;

CREATE OR REPLACE TABLE questions AS
SELECT DISTINCT lang, id, question, answer FROM traces ORDER BY lang, id;
