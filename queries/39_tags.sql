-- Which kinds of steps does each language use, do they go with right answers, and does structure?
--
-- reads   flow, features
-- writes  tag_shares   (model, lang, tag, share): mean share of each kind of step, as the published script prints it
--         tag_accuracy (model, lang, tag, r, traces): Pearson correlation of a tag's share with a right answer
--         quadrants    (model, lang, quadrant, traces, r_enalign): Structural Similarity where both, only the English, only
--                      the target or neither trace is right

CREATE OR REPLACE TABLE tag_shares AS
SELECT model, lang, s.tag AS tag, avg(s.share) AS share
FROM (
    SELECT model, lang, unnest([
        {tag: 'problem_setup', share: r_problem}, {tag: 'plan_generation', share: r_plan},
        {tag: 'fact_retrieval', share: r_fact}, {tag: 'active_computation', share: r_active},
        {tag: 'result_consolidation', share: r_result}, {tag: 'uncertainty_management', share: r_uncertainty},
        {tag: 'final_answer_emission', share: r_final}, {tag: 'self_checking', share: r_selfcheck},
        {tag: 'unknown', share: r_unknown}
    ]) AS s
    FROM flow
) AS shares
GROUP BY ALL
ORDER BY model, lang, tag;

CREATE OR REPLACE TABLE tag_accuracy AS
SELECT model, lang, s.tag AS tag, corr(s.share, acc::INT) AS r, count(s.share) AS traces
FROM (
    SELECT model, lang, acc, unnest([
        {tag: 'problem_setup', share: r_problem}, {tag: 'plan_generation', share: r_plan},
        {tag: 'fact_retrieval', share: r_fact}, {tag: 'active_computation', share: r_active},
        {tag: 'result_consolidation', share: r_result}, {tag: 'uncertainty_management', share: r_uncertainty},
        {tag: 'final_answer_emission', share: r_final}, {tag: 'self_checking', share: r_selfcheck}
    ]) AS s
    FROM features
) AS shares
GROUP BY ALL
ORDER BY model, lang, tag;

CREATE OR REPLACE TABLE quadrants AS
SELECT
    t.model, t.lang,
    CASE WHEN en.acc AND t.acc THEN 'Q1: both right' WHEN en.acc THEN 'Q2: English right'
         WHEN t.acc THEN 'Q3: target right' ELSE 'Q4: both wrong' END AS quadrant,
    count(*) AS traces,
    avg(t.r_enalign) AS r_enalign
FROM features AS t
JOIN features AS en ON en.lang = 'en' AND en.model = t.model AND en.id = t.id AND en.sample = t.sample
WHERE t.lang <> 'en'
GROUP BY ALL
ORDER BY model, lang, quadrant;

PIVOT tag_shares ON tag USING max(share) GROUP BY lang ORDER BY lang;
