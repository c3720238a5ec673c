-- How sound and how useful are the steps? (features 4 to 8)
--
-- reads   evaluated, annotated, questions, $verifier: 'builtin:arithmetic' (checks the equations in a step, calls no model), a
--         model of inference, or a language model as judge; $reasoner: the model that wrote the traces, where it runs here, '' for none
-- writes  step_features (model, lang, id, sample, r_numsteps, r_validity, r_direct, r_indirect, r_vi): one row a trace
--
--   r_numsteps  Num. Steps: paragraphs of the trace
--   r_validity  Validity: mean over the steps of the share of dependencies from which the step follows, 0 where it contradicts one
--   r_direct    Direct Utility: share of steps that the final answer rests on, itself included
--   r_indirect  Indirect Utility: share of steps that it rests on only through others
--   r_vi        V-Information: ln p(answer | question, trace) - ln p(answer | question), in nats

PARAMETER verifier DEFAULT 'builtin:arithmetic';
PARAMETER reasoner DEFAULT 'smollm2';

CREATE OR REPLACE TABLE step_features AS
SELECT
    e.model, e.lang, e.id, e.sample,
    e.num_steps AS r_numsteps,
    step_validity($verifier, e.steps, a.annotation).score AS r_validity,
    step_utility(a.annotation).direct AS r_direct,
    step_utility(a.annotation).indirect AS r_indirect,
    v_information(nullif($reasoner, ''), q.question, array_to_string(e.steps, chr(10) || chr(10)), e.answer).vi AS r_vi
FROM evaluated AS e
JOIN annotated AS a ON a.model = e.model AND a.lang = e.lang AND a.id = e.id AND a.sample = e.sample
JOIN questions AS q ON q.lang = e.lang AND q.id = e.id;
