-- What does it look like?
--
-- reads   tag_shares, features
-- writes  $out/tags.svg      the share of each kind of step, by language
--         $out/features.svg  each feature's mean by language, in standard deviations from the mean of all languages

PARAMETER out DEFAULT 'results';

COPY (SELECT lang_name(lang) AS language, tag, share FROM tag_shares ORDER BY language, tag) TO $out || '/tags.svg'
OPTIONS (plot 'stacked_bar', x 'language', y 'share', color 'tag', title 'What the steps of a trace do');

COPY (
    WITH long AS (
        SELECT lang_name(lang) AS language, f.feature AS feature, f.x AS x
        FROM (
            SELECT lang, unnest([
                {feature: 'Structural similarity', x: r_enalign}, {feature: 'Semantic similarity', x: r_ensimilar},
                {feature: 'Steps', x: r_numsteps::DOUBLE}, {feature: 'Validity', x: r_validity},
                {feature: 'Direct utility', x: r_direct}, {feature: 'Indirect utility', x: r_indirect},
                {feature: 'V-information', x: r_vi}, {feature: 'Self-checking', x: r_selfcheck},
                {feature: 'Computation', x: r_active}, {feature: 'Problem setup', x: r_problem},
                {feature: 'Planning', x: r_plan}, {feature: 'Final answer', x: r_final},
                {feature: 'Facts', x: r_fact}, {feature: 'Consolidation', x: r_result},
                {feature: 'Uncertainty', x: r_uncertainty}
            ]) AS f
            FROM features
            WHERE lang <> 'en'
        ) AS unnested
    ),
    scale AS (SELECT feature, avg(x) AS mean, stddev_pop(x) AS sd FROM long GROUP BY ALL)
    SELECT l.language, l.feature, avg((l.x - s.mean) / nullif(s.sd, 0)) AS z
    FROM long AS l JOIN scale AS s ON s.feature = l.feature
    GROUP BY ALL
    ORDER BY language, feature
) TO $out || '/features.svg'
OPTIONS (plot 'heatmap', x 'language', y 'feature', color 'z', title 'Features by language');
