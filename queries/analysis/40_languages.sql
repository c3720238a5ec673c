-- Do features matter in other languages as they do in English?
--
-- reads   univariate, multivariate
-- writes  effects: one row a model, kind of fit, feature and group of languages (English, Non-English)
--
--   mean, low, high   of the languages' effects, with a percentile bootstrap interval over languages (English is one: no spread)
--   languages         whose fits are sound; flagged: those left out. The published means keep estimates of failed fits.

CREATE OR REPLACE TABLE effects AS
WITH all_effects AS (
    SELECT model, lang, feature, 'univariate' AS kind, delta AS effect, sound, note FROM univariate
    UNION ALL
    SELECT model, lang, feature, 'univariate, ki2026' AS kind, delta_ki2026 AS effect, sound, note FROM univariate
    UNION ALL
    SELECT model, lang, feature, 'multivariate' AS kind, delta_avg AS effect, sound, note FROM multivariate
),
summed AS (
    SELECT
        model, kind, feature, CASE WHEN lang = 'en' THEN 'English' ELSE 'Non-English' END AS languages,
        stat_bootstrap_ci(effect) FILTER (WHERE sound) AS ci,
        count(*) FILTER (WHERE NOT sound) AS flagged,
        string_agg(lang || ': ' || note, '; ' ORDER BY lang) FILTER (WHERE NOT sound) AS reasons
    FROM all_effects
    GROUP BY model, kind, feature, CASE WHEN lang = 'en' THEN 'English' ELSE 'Non-English' END
)
SELECT
    model, kind, feature, languages, ci.mean AS mean, ci.low AS low, ci.high AS high, ci.n AS sound, flagged, reasons
FROM summed
ORDER BY model, kind, feature, languages;
