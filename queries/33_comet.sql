-- How good is each question as a translation of the English one? (feature 1)
--
-- reads   questions, $comet: a COMET model for quality estimation; without one all is NULL
--         (imported/33_comet_scores.sql takes published scores instead)
-- writes  question_quality (lang, id, q_comet)
--
-- The published study used -p comet=hf://Unbabel/wmt22-cometkiwi-da, which asks for consent on its page.

PARAMETER comet DEFAULT '';

CREATE OR REPLACE TABLE question_quality AS
SELECT q.lang, q.id, comet_qe(nullif($comet, ''), en.question, q.question) AS q_comet
FROM questions AS q
JOIN questions AS en ON en.lang = 'en' AND en.id = q.id
WHERE q.lang <> 'en';
