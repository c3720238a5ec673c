-- What peer_python.py computes, over the Parquet file FEATURES; `run` times each part. Words in capitals stand for a line a feature.

-- part: univariate and multivariate
CREATE OR REPLACE TABLE effects AS
SELECT lang, t.feature AS feature, t.alone AS alone, t.together AS together
FROM (
    SELECT lang, unnest([TERMS]) AS t
    FROM (
        SELECT lang, EACH_FIT, logit_fit(acc, {RECORD}, max_iter => 35) AS together
        FROM (SELECT lang, acc, POOLED, WITHIN FROM 'FEATURES')
        GROUP BY lang
    )
);

-- part: bootstrap
CREATE OR REPLACE TABLE intervals AS
SELECT feature, stat_bootstrap_ci(alone.delta) AS alone, stat_bootstrap_ci(together.delta_avg) AS together
FROM effects
WHERE lang <> 'en'
GROUP BY feature;

-- part: ridge
CREATE OR REPLACE TABLE ridge AS
SELECT lang, logit_fit(acc, {POOLED_RECORD}, l2 => 1) AS fit
FROM (SELECT lang, acc, POOLED_OR_ZERO FROM 'FEATURES')
GROUP BY lang;

-- part: tests
CREATE OR REPLACE TABLE tests AS
SELECT EACH_TEST FROM 'FEATURES';
