-- How near are a question and a trace to their English counterparts? (features 1 to 3)
--
-- reads   evaluated, annotated, question_quality, $encoder: an encoder of sentences, '' for none
-- writes  alignment (model, lang, id, sample, q_comet, r_enalign, r_ensimilar): one row a trace
--
--   q_comet      COMET-QE of the question as a translation of the English one; NULL in English
--   r_enalign    Structural Similarity: local alignment of the steps' tags with those of the English trace, 0 to 1
--   r_ensimilar  Semantic Similarity: cosine of the embeddings of both traces, -1 to 1
--
-- The counterpart of a trace is the English trace of the same question and sample. English traces are their own: 1 and 1.
-- The default encoder was trained on English; the published study used LaBSE (-p encoder=hf://sentence-transformers/LaBSE).

PARAMETER encoder DEFAULT 'minilm';

CREATE OR REPLACE TABLE alignment AS
WITH english AS (
    SELECT e.model, e.id, e.sample, e.steps, a.annotation
    FROM evaluated AS e
    JOIN annotated AS a ON a.model = e.model AND a.lang = e.lang AND a.id = e.id AND a.sample = e.sample
    WHERE e.lang = 'en'
)
SELECT
    e.model, e.lang, e.id, e.sample, c.q_comet,
    step_similarity(en.annotation, a.annotation) AS r_enalign,
    CASE WHEN e.lang = 'en' THEN 1.0
         ELSE semantic_similarity(nullif($encoder, ''), array_to_string(en.steps, chr(10) || chr(10)), array_to_string(e.steps, chr(10) || chr(10)))
    END AS r_ensimilar
FROM evaluated AS e
JOIN annotated AS a ON a.model = e.model AND a.lang = e.lang AND a.id = e.id AND a.sample = e.sample
LEFT JOIN english AS en ON en.model = e.model AND en.id = e.id AND en.sample = e.sample
LEFT JOIN question_quality AS c ON c.lang = e.lang AND c.id = e.id;
