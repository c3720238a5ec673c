-- Everything that is known of a trace, in one row.
--
-- reads   evaluated, annotated, alignment, step_features, flow
-- writes  features (model, lang, id, sample, acc, the 16 features, r_length, missing): one row a trace
--
--   acc       whether the answer is right
--   r_length  o200k_base tokens of the output; no feature of the study, but a covariate of its models
--   missing   which features are NULL, and why; NULL where none is

CREATE OR REPLACE TABLE features AS
WITH joined AS (
    SELECT
        e.model, e.lang, e.id, e.sample, e.correct AS acc,
        l.q_comet, l.r_enalign, l.r_ensimilar,
        s.r_numsteps, s.r_validity, s.r_direct, s.r_indirect, s.r_vi,
        f.r_selfcheck, f.r_active, f.r_problem, f.r_plan, f.r_final, f.r_fact, f.r_result, f.r_uncertainty,
        e.tokens AS r_length,
        step_status(a.annotation) AS status
    FROM evaluated AS e
    JOIN annotated AS a ON a.model = e.model AND a.lang = e.lang AND a.id = e.id AND a.sample = e.sample
    JOIN alignment AS l ON l.model = e.model AND l.lang = e.lang AND l.id = e.id AND l.sample = e.sample
    JOIN step_features AS s ON s.model = e.model AND s.lang = e.lang AND s.id = e.id AND s.sample = e.sample
    JOIN flow AS f ON f.model = e.model AND f.lang = e.lang AND f.id = e.id AND f.sample = e.sample
)
SELECT
    * EXCLUDE (status),
    nullif(concat_ws('; ',
        CASE WHEN q_comet IS NULL THEN
            'q_comet: ' || CASE WHEN lang = 'en' THEN 'English is no translation' ELSE 'no COMET model or scores were named' END END,
        CASE WHEN status IS NULL OR status NOT IN ('complete', 'no_final_step') THEN
            'annotation: ' || coalesce(status, 'the annotator gave nothing') END,
        CASE WHEN r_enalign IS NULL AND status IN ('complete', 'no_final_step') THEN 'r_enalign: no annotated English trace of this question and sample' END,
        CASE WHEN r_ensimilar IS NULL THEN 'r_ensimilar: no encoder was named, or no English trace of this question and sample' END,
        CASE WHEN r_validity IS NULL AND status IN ('complete', 'no_final_step') THEN 'r_validity: the verifier gave nothing' END,
        CASE WHEN status = 'no_final_step' THEN 'r_direct, r_indirect: no step gives a final answer' END,
        CASE WHEN r_vi IS NULL THEN 'r_vi: no reasoner was named, or its call failed' END
    ), '') AS missing
FROM joined;
