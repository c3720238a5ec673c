-- What share of a trace's steps does each kind have? (features 9 to 16)
--
-- reads   annotated
-- writes  flow (model, lang, id, sample, r_selfcheck, r_active, r_problem, r_plan, r_final, r_fact, r_result, r_uncertainty,
--               r_unknown): one row a trace; the nine sum to 1

CREATE OR REPLACE TABLE flow AS
SELECT
    model, lang, id, sample,
    f.self_checking AS r_selfcheck,
    f.active_computation AS r_active,
    f.problem_setup AS r_problem,
    f.plan_generation AS r_plan,
    f.final_answer_emission AS r_final,
    f.fact_retrieval AS r_fact,
    f.result_consolidation AS r_result,
    f.uncertainty_management AS r_uncertainty,
    f.unknown AS r_unknown
FROM (SELECT model, lang, id, sample, step_tag_frequencies(annotation) AS f FROM annotated) AS tagged;
