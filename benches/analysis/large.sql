-- The same fits where rows do not fit into memory several times: a window keeps all of its rows, a join with their means none. `run --large`
-- times each part. Words in capitals stand for a line a feature.

-- part: scale
CREATE OR REPLACE TABLE pooled AS SELECT EACH_SCALE FROM 'FEATURES';
CREATE OR REPLACE TABLE within AS SELECT lang, EACH_SCALE FROM 'FEATURES' GROUP BY lang;

-- part: univariate
CREATE OR REPLACE TABLE alone AS
SELECT lang, t.feature AS feature, t.term AS term
FROM (
    SELECT lang, unnest([ALONE]) AS t
    FROM (SELECT f.lang, EACH_SCALED_FIT FROM 'FEATURES' AS f CROSS JOIN pooled AS s GROUP BY f.lang)
);

-- part: multivariate
CREATE OR REPLACE TABLE together AS
SELECT lang, unnest(fit.terms) AS term
FROM (
    SELECT f.lang, logit_fit(f.acc, {SCALED_RECORD}, max_iter => 35) AS fit
    FROM 'FEATURES' AS f JOIN within AS s ON f.lang = s.lang
    GROUP BY f.lang
);

-- part: bootstrap
CREATE OR REPLACE TABLE intervals AS
SELECT 'alone' AS kind, feature, stat_bootstrap_ci(term.delta) AS ci FROM alone WHERE lang <> 'en' GROUP BY feature
UNION ALL
SELECT 'together' AS kind, term.term AS feature, stat_bootstrap_ci(term.delta_avg) AS ci FROM together
WHERE lang <> 'en' AND term.term <> 'intercept'
GROUP BY term.term;
