-- What do the effects look like?
--
-- reads   figure_1, heatmap, feature_names
-- writes  $out/effects_univariate.svg, $out/effects_multivariate.svg   accuracy at +1 standard deviation less that at -1: English and
--                 the mean of the others, with intervals over languages; p-values of the difference, a panel a model
--         $out/effects_by_language.svg   the same in penalised fits of all features, a row a feature and a column a language

PARAMETER out DEFAULT 'results';

COPY (
    SELECT
        model, feature_group, name, languages, mean AS "Δ accuracy", low, high,
        CASE WHEN languages = 'Non-English' THEN p_value END AS difference
    FROM figure_1
    WHERE kind = 'univariate'
)
TO $out || '/effects_univariate.svg'
OPTIONS (plot 'forest', x 'name', y 'Δ accuracy', low 'low', high 'high', color 'languages', group 'feature_group', p 'difference', facet 'model',
         title 'Each feature on its own');

COPY (
    SELECT
        model, feature_group, name, languages, mean AS "Δ accuracy", low, high,
        CASE WHEN languages = 'Non-English' THEN p_value END AS difference
    FROM figure_1
    WHERE kind = 'multivariate'
)
TO $out || '/effects_multivariate.svg'
OPTIONS (plot 'forest', x 'name', y 'Δ accuracy', low 'low', high 'high', color 'languages', group 'feature_group', p 'difference', facet 'model',
         title 'All features together: average marginal effects');

COPY (
    SELECT h.model, lang_name(h.lang) AS language, n.name AS feature, h.delta AS "Δ accuracy"
    FROM heatmap AS h
    JOIN feature_names AS n ON n.feature = h.feature
    WHERE h.feature <> 'r_length'
    ORDER BY h.model, n.place, language
) TO $out || '/effects_by_language.svg'
OPTIONS (plot 'heatmap', x 'language', y 'feature', color 'Δ accuracy', facet 'model', title 'All features together, penalised');
