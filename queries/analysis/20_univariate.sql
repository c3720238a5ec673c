-- Which features go with right answers, each on its own, in which language?
--
-- reads   scaled
-- writes  univariate: one row a model, language and feature
--
--   delta             accuracy at +1 standard deviation less that at -1
--   p_value           questions as clusters: several samples of a question are not independent
--   note              why there is no number, or how it must be read; NULL where the fit is sound
--   delta_ki2026, p_value_ki2026   as published: steps and length unscaled, rows as if independent

CREATE OR REPLACE TABLE univariate AS
WITH fits AS (
    SELECT
        model, lang, feature,
        logit_fit(acc, {x: z}, cluster => id) AS fit,
        logit_fit(acc, {x: z_ki2026}) AS fit_ki2026
    FROM scaled
    GROUP BY model, lang, feature
)
SELECT
    model, lang, feature,
    fit.terms[2].delta AS delta,
    fit.terms[2].estimate AS estimate,
    fit.terms[2].std_error AS std_error,
    fit.terms[2].p_value AS p_value,
    fit.terms[2].note AS note,
    fit.n AS n,
    fit.n_dropped AS n_dropped,
    fit.converged AND fit.terms[2].note IS NULL AS sound,
    fit.separation AS separation,
    fit_ki2026.terms[2].delta AS delta_ki2026,
    fit_ki2026.terms[2].p_value AS p_value_ki2026
FROM fits
ORDER BY model, lang, feature;
