-- On which scale are features compared?
--
-- reads   features (id, lang, model, sample, acc, sixteen features q_… and r_…, and r_length): one row a trace
-- writes  scaled: a row a trace and feature
--
--   x         the feature as it is; NULL where it is not defined (q_comet of English)
--   z         standard deviations from the mean of the model's traces in all languages: for fits of one feature
--   z_ki2026  the same as published: r_numsteps and r_length are left as they are, so that their effects are per step and token
--   z_within  standard deviations from the mean of the language: for fits of all features. 0 in every row, gaps included, where
--             the language has no two different values: such a feature cannot matter, and must not cost rows

CREATE OR REPLACE TABLE scaled AS
WITH long AS (
    SELECT model, lang, id, sample, acc, f.feature, f.x
    FROM (
        SELECT model, lang, id, sample, acc, unnest([
            {feature: 'q_comet', x: q_comet::DOUBLE},
            {feature: 'r_enalign', x: r_enalign::DOUBLE},
            {feature: 'r_ensimilar', x: r_ensimilar::DOUBLE},
            {feature: 'r_numsteps', x: r_numsteps::DOUBLE},
            {feature: 'r_validity', x: r_validity::DOUBLE},
            {feature: 'r_direct', x: r_direct::DOUBLE},
            {feature: 'r_indirect', x: r_indirect::DOUBLE},
            {feature: 'r_vi', x: r_vi::DOUBLE},
            {feature: 'r_selfcheck', x: r_selfcheck::DOUBLE},
            {feature: 'r_active', x: r_active::DOUBLE},
            {feature: 'r_problem', x: r_problem::DOUBLE},
            {feature: 'r_plan', x: r_plan::DOUBLE},
            {feature: 'r_final', x: r_final::DOUBLE},
            {feature: 'r_fact', x: r_fact::DOUBLE},
            {feature: 'r_result', x: r_result::DOUBLE},
            {feature: 'r_uncertainty', x: r_uncertainty::DOUBLE},
            {feature: 'r_length', x: r_length::DOUBLE}
        ]) AS f
        FROM features
    )
),
scored AS (
    SELECT
        model, lang, id, sample, acc, feature, x,
        zscore(x) OVER (PARTITION BY model, feature) AS z,
        zscore(x) OVER (PARTITION BY model, lang, feature) AS of_language,
        min(x) OVER (PARTITION BY model, lang, feature) AS least,
        max(x) OVER (PARTITION BY model, lang, feature) AS most
    FROM long
)
SELECT
    model, lang, id, sample, acc, feature, x, z,
    CASE WHEN feature IN ('r_numsteps', 'r_length') THEN x ELSE z END AS z_ki2026,
    CASE WHEN most > least THEN of_language ELSE 0.0 END AS z_within
FROM scored;
