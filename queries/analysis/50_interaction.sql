-- Is a feature's effect in English another than elsewhere?
--
-- reads   scaled, scaled_within
-- writes  interactions: one row a model, kind of fit and feature
--
--   p_value         of the interaction of being English with the feature, questions as clusters
--   p_holm, p_bh    adjusted for the features of the model and kind
--   p_value_ki2026  as published: rows as if independent, nothing adjusted
--   note            why there is none: a feature that is constant in English has no interaction

CREATE OR REPLACE TABLE interactions AS
WITH fits AS (
    SELECT
        model, 'univariate' AS kind, feature,
        logit_fit(acc, {is_en: lang = 'en', x: z, is_en_x: CASE WHEN lang = 'en' THEN z ELSE 0.0 * z END}, cluster => id) AS fit,
        logit_fit(acc, {is_en: lang = 'en', x: z_ki2026, is_en_x: CASE WHEN lang = 'en' THEN z_ki2026 ELSE 0.0 * z_ki2026 END}) AS fit_ki2026
    FROM scaled
    GROUP BY model, feature
    UNION ALL
    SELECT
        s.model, 'multivariate' AS kind, s.feature,
        logit_fit(s.acc, {
            is_en: s.lang = 'en',
            q_comet: w.q_comet,
            r_enalign: w.r_enalign,
            r_ensimilar: w.r_ensimilar,
            r_numsteps: w.r_numsteps,
            r_validity: w.r_validity,
            r_direct: w.r_direct,
            r_indirect: w.r_indirect,
            r_vi: w.r_vi,
            r_selfcheck: w.r_selfcheck,
            r_active: w.r_active,
            r_problem: w.r_problem,
            r_plan: w.r_plan,
            r_final: w.r_final,
            r_fact: w.r_fact,
            r_result: w.r_result,
            r_uncertainty: w.r_uncertainty,
            r_length: w.r_length,
            is_en_x: CASE WHEN s.lang = 'en' THEN s.z_within ELSE 0.0 * s.z_within END
        }, cluster => s.id) AS fit,
        logit_fit(s.acc, {
            is_en: s.lang = 'en',
            q_comet: w.q_comet,
            r_enalign: w.r_enalign,
            r_ensimilar: w.r_ensimilar,
            r_numsteps: w.r_numsteps,
            r_validity: w.r_validity,
            r_direct: w.r_direct,
            r_indirect: w.r_indirect,
            r_vi: w.r_vi,
            r_selfcheck: w.r_selfcheck,
            r_active: w.r_active,
            r_problem: w.r_problem,
            r_plan: w.r_plan,
            r_final: w.r_final,
            r_fact: w.r_fact,
            r_result: w.r_result,
            r_uncertainty: w.r_uncertainty,
            r_length: w.r_length,
            is_en_x: CASE WHEN s.lang = 'en' THEN s.z_within ELSE 0.0 * s.z_within END
        }) AS fit_ki2026
    FROM scaled AS s
    JOIN scaled_within AS w ON s.model = w.model AND s.lang = w.lang AND s.id = w.id AND s.sample = w.sample
    WHERE s.feature <> 'r_length'
    GROUP BY s.model, s.feature
),
ends AS (
    SELECT
        model, kind, feature, fit.n AS n, fit.n_dropped AS n_dropped,
        fit.terms[cardinality(fit.terms)::BIGINT] AS t, fit_ki2026.terms[cardinality(fit_ki2026.terms)::BIGINT] AS k
    FROM fits
)
SELECT
    model, kind, feature, t.estimate AS estimate, t.p_value AS p_value,
    stat_adjust_p(t.p_value, 'holm') OVER (PARTITION BY model, kind) AS p_holm,
    stat_adjust_p(t.p_value, 'bh') OVER (PARTITION BY model, kind) AS p_bh,
    stat_stars(t.p_value) AS stars, k.p_value AS p_value_ki2026, n, n_dropped, t.note AS note
FROM ends
ORDER BY model, kind, feature;
