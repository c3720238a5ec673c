-- COMET-QE scores that somebody published, in place of those that 33_comet.sql computes.
--
-- reads   questions, $comet_scores: a folder with files NAME_LANG.jsonl that hold nonen_sent and comet_qe
-- writes  question_quality (lang, id, q_comet), and prints their means by language

PARAMETER comet_scores;

CREATE OR REPLACE TABLE question_quality AS
WITH given AS (
    SELECT regexp_match(filename, '_([a-z]+)\.jsonl')[1] AS lang, nonen_sent, comet_qe
    FROM read_json($comet_scores || '/*.jsonl', filename => true)
)
SELECT q.lang, q.id, avg(g.comet_qe) AS q_comet
FROM questions AS q
JOIN given AS g ON g.lang = q.lang AND g.nonen_sent = q.question
GROUP BY ALL;

SELECT lang, count(*) AS questions, avg(q_comet) AS mean, stddev_samp(q_comet) AS sd
FROM question_quality GROUP BY ALL ORDER BY lang;
