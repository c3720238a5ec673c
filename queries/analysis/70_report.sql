-- What goes into the tables of a report?
--
-- reads   univariate, multivariate, effects, interactions
-- writes  feature_names: what features are called, and their groups
--         figure_1: one row a model, kind of fit, feature and group of languages: effect, interval, p-value with stars
--         fit_report: one row a model, kind of fit and language: traces used and left out, and what went wrong

CREATE OR REPLACE TABLE feature_names AS
SELECT * FROM (VALUES
    (1, 'q_comet', 'Translation quality', 'Multilingual alignment'),
    (2, 'r_enalign', 'Structural similarity', 'Multilingual alignment'),
    (3, 'r_ensimilar', 'Semantic similarity', 'Multilingual alignment'),
    (4, 'r_numsteps', 'Number of steps', 'Reasoning step'),
    (5, 'r_validity', 'Validity', 'Reasoning step'),
    (6, 'r_direct', 'Direct utility', 'Reasoning step'),
    (7, 'r_indirect', 'Indirect utility', 'Reasoning step'),
    (8, 'r_vi', 'V-information', 'Reasoning step'),
    (9, 'r_selfcheck', 'Self-checking', 'Reasoning flow'),
    (10, 'r_active', 'Active computation', 'Reasoning flow'),
    (11, 'r_problem', 'Problem setup', 'Reasoning flow'),
    (12, 'r_plan', 'Plan generation', 'Reasoning flow'),
    (13, 'r_final', 'Final answer', 'Reasoning flow'),
    (14, 'r_fact', 'Fact retrieval', 'Reasoning flow'),
    (15, 'r_result', 'Result consolidation', 'Reasoning flow'),
    (16, 'r_uncertainty', 'Uncertainty management', 'Reasoning flow'),
    (17, 'r_length', 'Length', 'Covariate')
) AS names(place, feature, name, feature_group);

CREATE OR REPLACE TABLE figure_1 AS
SELECT
    e.model, e.kind, n.feature_group, e.feature, n.name, e.languages,
    e.mean, e.low, e.high, i.p_value, i.p_holm, stat_stars(i.p_value) AS stars, e.sound, e.flagged, e.reasons
FROM effects AS e
JOIN feature_names AS n ON n.feature = e.feature
LEFT JOIN interactions AS i ON e.model = i.model AND e.kind = i.kind AND e.feature = i.feature
WHERE e.feature <> 'r_length' AND e.kind IN ('univariate', 'multivariate')
ORDER BY e.model, e.kind, n.place, e.languages;

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

SELECT model, kind, name, languages, round(mean, 3) AS mean, round(low, 3) AS low, round(high, 3) AS high, stars, bar(abs(mean), 1) AS size
FROM figure_1;
