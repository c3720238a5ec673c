-- What goes into the tables of a report?
--
-- reads   univariate, multivariate, effects, interactions
-- writes  figure_1: one row a model, kind of fit, feature and group of languages: effect, interval, p-value with stars
--         fit_report: one row a model, kind of fit and language: traces used and left out, and what went wrong

CREATE OR REPLACE TABLE figure_1 AS
SELECT
    e.model, e.kind,
    CASE
        WHEN e.feature IN ('q_comet', 'r_enalign', 'r_ensimilar') THEN 'Multilingual alignment'
        WHEN e.feature IN ('r_numsteps', 'r_validity', 'r_direct', 'r_indirect', 'r_vi') THEN 'Reasoning step'
        ELSE 'Reasoning flow'
    END AS feature_group,
    e.feature, e.languages, e.mean, e.low, e.high, i.p_value, i.p_holm, stat_stars(i.p_value) AS stars,
    e.sound, e.flagged, e.reasons
FROM effects AS e
LEFT JOIN interactions AS i ON e.model = i.model AND e.kind = i.kind AND e.feature = i.feature
WHERE e.feature <> 'r_length' AND e.kind IN ('univariate', 'multivariate')
ORDER BY e.model, e.kind, feature_group, e.feature, e.languages;

CREATE OR REPLACE TABLE fit_report AS
SELECT
    model, 'univariate' AS kind, lang, min(n) AS n_least, max(n) AS n_most, max(n_dropped) AS n_dropped_most,
    count(*) FILTER (WHERE sound) AS sound, count(*) FILTER (WHERE separation) AS separated,
    string_agg(feature || ': ' || note, '; ' ORDER BY feature) AS notes
FROM univariate
GROUP BY model, lang
UNION ALL
SELECT
    model, 'multivariate' AS kind, lang, min(n) AS n_least, max(n) AS n_most, max(n_dropped) AS n_dropped_most,
    count(*) FILTER (WHERE sound) AS sound, count(*) FILTER (WHERE separation) AS separated,
    string_agg(feature || ': ' || note, '; ' ORDER BY feature) AS notes
FROM multivariate
GROUP BY model, lang
ORDER BY model, kind, lang;

SELECT model, kind, feature, languages, round(mean, 3) AS mean, round(low, 3) AS low, round(high, 3) AS high, stars, bar(abs(mean), 1) AS size
FROM figure_1
ORDER BY model, kind, feature, languages;
