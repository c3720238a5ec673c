-- The study as files, for whatever comes next.
--
-- reads   traces, evaluated, features, summary
-- writes  $out/traces.parquet, $out/evaluated.parquet, $out/features.parquet, $out/summary.parquet, $out/summary.tex

PARAMETER out DEFAULT 'results';

COPY traces TO $out || '/traces.parquet';
COPY evaluated TO $out || '/evaluated.parquet';
COPY features TO $out || '/features.parquet';
COPY summary TO $out || '/summary.parquet';
COPY (
    SELECT language, questions, accuracy, std_error, tokens, steps, in_language FROM summary ORDER BY language
) TO $out || '/summary.tex';
