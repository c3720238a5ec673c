-- Which features matter in which language, at a glance and in small samples?
--
-- reads   scaled
-- writes  heatmap: one row a model, language and feature
--
--   delta         penalised fit of all features (l2 = 1): accuracy at +1 less that at -1, the others at their mean. All features in standard
--                 deviations of all languages
--   delta_ki2026  as published: r_numsteps and r_length unscaled, so that their effect is per step and token

CREATE OR REPLACE TABLE heatmap AS
WITH varying AS (
    -- A feature that does not vary in a language is dropped there, and its gaps cost no rows.
    SELECT
        *,
        CASE WHEN max(x) OVER (PARTITION BY model, lang, feature) > min(x) OVER (PARTITION BY model, lang, feature) THEN z ELSE 0.0 END AS pooled,
        CASE WHEN max(x) OVER (PARTITION BY model, lang, feature) > min(x) OVER (PARTITION BY model, lang, feature) THEN z_ki2026 ELSE 0.0 END AS pooled_ki2026
    FROM scaled
),
rows_of AS (
    SELECT
        model, lang, id, sample, acc,
        array_agg(pooled ORDER BY feature) AS x,
        array_agg(pooled_ki2026 ORDER BY feature) AS x_ki2026
    FROM varying
    GROUP BY model, lang, id, sample, acc
),
names AS (
    SELECT feature, row_number() OVER (ORDER BY feature)::BIGINT AS place FROM scaled GROUP BY feature
),
fits AS (
    SELECT model, lang, logit_fit(acc, x, l2 => 1) AS fit, logit_fit(acc, x_ki2026, l2 => 1) AS fit_ki2026
    FROM rows_of
    GROUP BY model, lang
)
SELECT
    f.model, f.lang, n.feature,
    f.fit.terms[(n.place + 1)::BIGINT].delta AS delta,
    f.fit_ki2026.terms[(n.place + 1)::BIGINT].delta AS delta_ki2026,
    f.fit.n AS n, f.fit.n_dropped AS n_dropped,
    f.fit.terms[(n.place + 1)::BIGINT].note AS note
FROM fits AS f
CROSS JOIN names AS n
ORDER BY f.model, f.lang, n.feature;
