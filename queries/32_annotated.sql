-- What does each step of a trace do, and on which earlier steps does it rest?
--
-- reads   evaluated, questions, $annotator: 'builtin:tagger' (a baseline that calls no model) or a language model
-- writes  annotated (model, lang, id, sample, annotation): one row a trace; annotation is NULL where the annotator failed
--
-- The published study asked GPT-4o at temperature 0 with the English problem beside the foreign one.

PARAMETER annotator DEFAULT 'builtin:tagger';

CREATE OR REPLACE TABLE annotated AS
SELECT
    e.model, e.lang, e.id, e.sample,
    step_annotate($annotator, q.question, e.steps, lang => e.lang, en_question => en.question) AS annotation
FROM evaluated AS e
JOIN questions AS q ON q.lang = e.lang AND q.id = e.id
LEFT JOIN questions AS en ON en.lang = 'en' AND en.id = e.id;
