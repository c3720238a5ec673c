-- How well does each language do?
--
-- reads   evaluated
-- writes  summary: one row a model and language
--
--   accuracy       % of traces whose answer is right
--   std_error      of the accuracy, questions as clusters: sd of the questions' means / sqrt(questions)
--   sd_runs        population sd of the accuracy over the samples, as the published evaluation prints it
--   tokens, steps  means a trace (o200k_base tokens; steps parted by blank lines)
--   in_language    % of traces written in the language of the question
--   finished       % of traces that ended before max_tokens

CREATE OR REPLACE TABLE summary AS
WITH by_question AS (
    SELECT model, lang, id, avg(correct::INT) AS accuracy FROM evaluated GROUP BY ALL
),
spread AS (
    SELECT model, lang, count(*) AS questions, 100 * stddev_samp(accuracy) / sqrt(count(*)) AS std_error
    FROM by_question GROUP BY ALL
),
by_run AS (
    SELECT model, lang, sample, avg(correct::INT) AS accuracy FROM evaluated GROUP BY ALL
),
runs AS (
    SELECT model, lang, 100 * stddev_pop(accuracy) AS sd_runs FROM by_run GROUP BY ALL
),
means AS (
    SELECT
        model, lang, count(*) AS traces,
        100 * avg(correct::INT) AS accuracy,
        avg(tokens) AS tokens,
        avg(num_steps) AS steps,
        100 * avg(in_language::INT) AS in_language,
        100 * avg(finished::INT) AS finished
    FROM evaluated GROUP BY ALL
)
SELECT
    m.model, m.lang, lang_name(m.lang) AS language, s.questions, m.traces,
    m.accuracy, s.std_error, r.sd_runs, m.tokens, m.steps, m.in_language, m.finished
FROM means AS m
JOIN spread AS s ON m.model = s.model AND m.lang = s.lang
JOIN runs AS r ON m.model = r.model AND m.lang = r.lang
ORDER BY m.model, m.lang;

SELECT * EXCLUDE (model) FROM summary ORDER BY lang;
