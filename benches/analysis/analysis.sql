-- What peer_python.py computes, in one statement a part, over the table `features`; `run` times each.

-- part: univariate
CREATE OR REPLACE TABLE univariate AS
SELECT lang, feature, logit_fit(acc, {x: z}, max_iter => 35) AS fit
FROM (
    SELECT lang, acc, f.feature AS feature, CASE WHEN f.feature IN ('r_numsteps', 'r_length') THEN f.x ELSE zscore(f.x) OVER (PARTITION BY f.feature) END AS z
    FROM (SELECT lang, acc, unnest([FEATURE_LIST]) AS f FROM features)
)
GROUP BY lang, feature;

-- part: multivariate
CREATE OR REPLACE TABLE multivariate AS
SELECT lang, logit_fit(acc, {SCALED_RECORD}, max_iter => 35) AS fit
FROM (SELECT lang, acc, SCALED_COLUMNS FROM features)
GROUP BY lang;

-- part: ridge
CREATE OR REPLACE TABLE ridge AS
SELECT lang, logit_fit(acc, {POOLED_RECORD}, l2 => 1) AS fit
FROM (SELECT lang, acc, POOLED_COLUMNS FROM features)
GROUP BY lang;

-- part: bootstrap
CREATE OR REPLACE TABLE intervals AS
SELECT 'u' AS kind, feature, stat_bootstrap_ci(fit.terms[2].delta) AS ci FROM univariate WHERE lang <> 'en' GROUP BY feature
UNION ALL
SELECT 'm' AS kind, t.term AS feature, stat_bootstrap_ci(t.delta_avg) AS ci
FROM (SELECT lang, unnest(fit.terms) AS t FROM multivariate)
WHERE lang <> 'en' AND t.term <> 'intercept'
GROUP BY t.term;

-- part: tests
CREATE OR REPLACE TABLE tests AS
SELECT f.feature AS feature, stat_mann_whitney(f.x, acc) AS test
FROM (SELECT acc, unnest([FEATURE_LIST]) AS f FROM features)
GROUP BY f.feature;
