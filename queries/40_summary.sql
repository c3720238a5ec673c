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
errors AS (
    SELECT model, lang, count(*) AS questions, 100 * stddev_samp(accuracy) / sqrt(count(*)) AS std_error
    FROM by_question GROUP BY ALL
),
runs AS (
    SELECT model, lang, 100 * stddev_pop(accuracy) AS sd_runs
    FROM (SELECT model, lang, sample, avg(correct::INT) AS accuracy FROM evaluated GROUP BY ALL) AS by_run
    GROUP BY ALL
)
SELECT
    model, lang, lang_name(lang) AS language, max(questions) AS questions, count(*) AS traces,
    100 * avg(correct::INT) AS accuracy,
    max(std_error) AS std_error,
    max(sd_runs) AS sd_runs,
    avg(tokens) AS tokens,
    avg(num_steps) AS steps,
    100 * avg(in_language::INT) AS in_language,
    100 * avg(finished::INT) AS finished
FROM evaluated JOIN errors USING (model, lang) JOIN runs USING (model, lang)
GROUP BY model, lang
ORDER BY model, lang;

SELECT * EXCLUDE (model) FROM summary ORDER BY lang;
