-- Which of a question's candidates should be answered with?
--
-- reads   candidates (model, lang, id, temperature, candidate, answer, gold, acc, in_language, num_steps, semantic_similarity, structural_similarity,
--         direct_utility, indirect_utility, result_consolidation, uncertainty_management): one row a candidate; several temperatures
-- writes  chosen (model, lang, id, policy, acc, in_language): what each policy gets on each question
--         selection: accuracy and language consistency a model, language and policy
--         selection_tests: each policy against a random candidate, English and the other languages
--
--   argmax F    the candidate with the largest feature F of all temperatures; the first of equal ones; a missing value is the smallest
--   two-step F  as published: the largest of each temperature, then one of these at random. Here the mean over them, which is what
--               chance gives on average
--   random      the mean over candidates, likewise; `random draw` is one candidate, for tests that need right or wrong
--   majority    the most frequent answer, the smallest of equal ones; oracle: any is right; first: the first of the lowest temperature

PARAMETER draw DEFAULT 'ki2026';  -- another text draws other candidates

CREATE OR REPLACE TABLE chosen AS
WITH long AS (
    SELECT model, lang, id, temperature, candidate, hit AS acc, same AS in_language, f.feature, coalesce(f.x, -1.0) AS x
    FROM (
        SELECT model, lang, id, temperature, candidate, acc::INT::DOUBLE AS hit, in_language::INT::DOUBLE AS same, unnest([
            {feature: 'num_steps', x: num_steps::DOUBLE},
            {feature: 'semantic_similarity', x: semantic_similarity::DOUBLE},
            {feature: 'structural_similarity', x: structural_similarity::DOUBLE},
            {feature: 'direct_utility', x: direct_utility::DOUBLE},
            {feature: 'indirect_utility', x: indirect_utility::DOUBLE},
            {feature: 'result_consolidation', x: result_consolidation::DOUBLE},
            {feature: 'uncertainty_management', x: uncertainty_management::DOUBLE}
        ]) AS f
        FROM candidates
    )
),
ranked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY model, lang, id, feature ORDER BY x DESC, temperature, candidate) AS of_all,
        row_number() OVER (PARTITION BY model, lang, id, feature, temperature ORDER BY x DESC, candidate) AS of_temperature
    FROM long
),
drawn AS (
    SELECT
        model, lang, id, acc::INT::DOUBLE AS acc, in_language::INT::DOUBLE AS in_language,
        row_number() OVER (PARTITION BY model, lang, id ORDER BY temperature, candidate) AS place,
        row_number() OVER (
            PARTITION BY model, lang, id
            ORDER BY md5($draw || '/' || lang || '/' || id::TEXT || '/' || temperature::TEXT || '/' || candidate::TEXT)
        ) AS lot
    FROM candidates
),
votes AS (
    SELECT model, lang, id, min(gold::TEXT) AS gold, majority_vote(answer) AS answer FROM candidates GROUP BY model, lang, id
)
SELECT model, lang, id, 'argmax ' || feature AS policy, acc, in_language FROM ranked WHERE of_all = 1
UNION ALL
SELECT model, lang, id, 'two-step ' || feature AS policy, avg(acc) AS acc, avg(in_language) AS in_language
FROM ranked WHERE of_temperature = 1 GROUP BY model, lang, id, feature
UNION ALL
SELECT model, lang, id, 'random' AS policy, avg(acc) AS acc, avg(in_language) AS in_language FROM drawn GROUP BY model, lang, id
UNION ALL
SELECT model, lang, id, 'random draw' AS policy, acc, in_language FROM drawn WHERE lot = 1
UNION ALL
SELECT model, lang, id, 'first' AS policy, acc, in_language FROM drawn WHERE place = 1
UNION ALL
SELECT model, lang, id, 'oracle' AS policy, max(acc) AS acc, NULL::DOUBLE AS in_language FROM drawn GROUP BY model, lang, id
UNION ALL
SELECT model, lang, id, 'majority' AS policy, coalesce(math_equal(gold, answer), false)::INT::DOUBLE AS acc, NULL::DOUBLE AS in_language FROM votes;

CREATE OR REPLACE TABLE selection AS
SELECT
    model, lang, policy, count(*) AS questions, 100 * avg(acc) AS accuracy, 100 * avg(in_language) AS in_language
FROM chosen
GROUP BY model, lang, policy
ORDER BY model, lang, policy;

CREATE OR REPLACE TABLE selection_tests AS
WITH pairs AS (
    SELECT
        a.model, a.policy, CASE WHEN a.lang = 'en' THEN 'English' ELSE 'Non-English' END AS languages, a.id, a.acc AS policy_acc,
        r.acc AS random_acc, d.acc AS drawn_acc
    FROM chosen AS a
    JOIN chosen AS r ON a.model = r.model AND a.lang = r.lang AND a.id = r.id AND r.policy = 'random'
    JOIN chosen AS d ON a.model = d.model AND a.lang = d.lang AND a.id = d.id AND d.policy = 'random draw'
    WHERE a.policy NOT IN ('random', 'random draw')
),
tests AS (
    SELECT
        model, policy, languages,
        -- Corrected: against what chance gives on average, whole questions drawn.
        stat_paired_bootstrap(policy_acc, random_acc, cluster => id) AS test,
        -- Published: against one draw, items of a question in nine languages as if independent.
        stat_paired_bootstrap(policy_acc, drawn_acc) AS test_ki2026,
        stat_mcnemar(policy_acc, drawn_acc) FILTER (WHERE policy NOT LIKE 'two-step %') AS exact
    FROM pairs
    GROUP BY model, policy, languages
)
SELECT
    model, policy, languages, test.n AS n, test.diff AS diff, test.low AS low, test.high AS high, test.p_value AS p_value,
    stat_adjust_p(test.p_value, 'holm') OVER (PARTITION BY model, languages) AS p_holm,
    stat_stars(test.p_value) AS stars, test_ki2026.p_value AS p_value_ki2026, exact.p_value AS p_mcnemar
FROM tests
ORDER BY model, languages, policy;
