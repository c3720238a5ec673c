-- Which features go with right answers while the others stay as they are, in which language?
--
-- reads   scaled
-- writes  scaled_within: scaled.z_within with a column a feature, one row a trace
--         multivariate: one row a model, language and feature
--
--   delta_avg   average marginal effect: mean over traces of the probability at +1 standard deviation less that at -1
--   p_value     questions as clusters; p_value_ki2026 as if rows were independent
--   n_dropped   traces left out because a feature is missing

CREATE OR REPLACE TABLE scaled_within AS
SELECT
    model, lang, id, sample, acc,
    max(z_within) FILTER (WHERE feature = 'q_comet') AS q_comet,
    max(z_within) FILTER (WHERE feature = 'r_enalign') AS r_enalign,
    max(z_within) FILTER (WHERE feature = 'r_ensimilar') AS r_ensimilar,
    max(z_within) FILTER (WHERE feature = 'r_numsteps') AS r_numsteps,
    max(z_within) FILTER (WHERE feature = 'r_validity') AS r_validity,
    max(z_within) FILTER (WHERE feature = 'r_direct') AS r_direct,
    max(z_within) FILTER (WHERE feature = 'r_indirect') AS r_indirect,
    max(z_within) FILTER (WHERE feature = 'r_vi') AS r_vi,
    max(z_within) FILTER (WHERE feature = 'r_selfcheck') AS r_selfcheck,
    max(z_within) FILTER (WHERE feature = 'r_active') AS r_active,
    max(z_within) FILTER (WHERE feature = 'r_problem') AS r_problem,
    max(z_within) FILTER (WHERE feature = 'r_plan') AS r_plan,
    max(z_within) FILTER (WHERE feature = 'r_final') AS r_final,
    max(z_within) FILTER (WHERE feature = 'r_fact') AS r_fact,
    max(z_within) FILTER (WHERE feature = 'r_result') AS r_result,
    max(z_within) FILTER (WHERE feature = 'r_uncertainty') AS r_uncertainty,
    max(z_within) FILTER (WHERE feature = 'r_length') AS r_length
FROM scaled
GROUP BY model, lang, id, sample, acc;

CREATE OR REPLACE TABLE multivariate AS
WITH fits AS (
    SELECT
        model, lang,
        logit_fit(acc, {
            q_comet: q_comet,
            r_enalign: r_enalign,
            r_ensimilar: r_ensimilar,
            r_numsteps: r_numsteps,
            r_validity: r_validity,
            r_direct: r_direct,
            r_indirect: r_indirect,
            r_vi: r_vi,
            r_selfcheck: r_selfcheck,
            r_active: r_active,
            r_problem: r_problem,
            r_plan: r_plan,
            r_final: r_final,
            r_fact: r_fact,
            r_result: r_result,
            r_uncertainty: r_uncertainty,
            r_length: r_length
        }, cluster => id) AS fit,
        logit_fit(acc, {
            q_comet: q_comet,
            r_enalign: r_enalign,
            r_ensimilar: r_ensimilar,
            r_numsteps: r_numsteps,
            r_validity: r_validity,
            r_direct: r_direct,
            r_indirect: r_indirect,
            r_vi: r_vi,
            r_selfcheck: r_selfcheck,
            r_active: r_active,
            r_problem: r_problem,
            r_plan: r_plan,
            r_final: r_final,
            r_fact: r_fact,
            r_result: r_result,
            r_uncertainty: r_uncertainty,
            r_length: r_length
        }) AS fit_ki2026
    FROM scaled_within
    GROUP BY model, lang
),
terms AS (
    SELECT
        model, lang, fit.n AS n, fit.n_dropped AS n_dropped, fit.converged AS converged, fit.separation AS separation,
        unnest(fit.terms) AS t, unnest(fit_ki2026.terms) AS k
    FROM fits
)
SELECT
    model, lang, t.term AS feature,
    t.delta_avg AS delta_avg, t.estimate AS estimate, t.std_error AS std_error, t.p_value AS p_value,
    t.note AS note, n, n_dropped, converged AND t.note IS NULL AS sound, separation,
    k.p_value AS p_value_ki2026
FROM terms
WHERE t.term <> 'intercept'
ORDER BY model, lang, feature;
