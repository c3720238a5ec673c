-- Which questions are asked?
--
-- reads   $questions: a folder with one file a language, named by its code: bn.jsonl, de.jsonl, …
--         Bundled: data/questions. MGSM-Rev2 and AIME in the layout of Ki et al. (2026) are read as they are.
-- writes  questions (lang, id, question, answer)

PARAMETER questions DEFAULT 'data/questions';
PARAMETER per_language DEFAULT 8;  -- the first so many of each language; the bundled set has 24

CREATE OR REPLACE TABLE questions AS
WITH given AS (
    SELECT * FROM read_json($questions || '/*.jsonl', filename => true)
    UNION ALL BY NAME
    -- MGSM calls its text `question`, AIME `problem`: both names exist here, whichever the files have.
    SELECT NULL::TEXT AS question, NULL::TEXT AS problem WHERE false
)
SELECT
    regexp_match(filename, '([a-z]+)\.jsonl')[1] AS lang,
    id::BIGINT AS id,
    coalesce(question, problem) AS question,
    answer::TEXT AS answer
FROM given
QUALIFY row_number() OVER (PARTITION BY filename ORDER BY id::BIGINT) <= $per_language
ORDER BY lang, id;
