#!/usr/bin/env python3
"""The analysis of a study in Python, one part at a time: prints a line of JSON a part, with its seconds and a checksum.

    peer_python.py FEATURES.parquet

FEATURES has the columns id, lang, model, sample, acc and the seventeen features, as queries/analysis reads them. What is computed is what
queries/analysis computes in its published form: statsmodels' Logit a language and feature, and a language; scikit-learn's penalised fit a
language; percentile bootstraps over languages; scipy's and numpy's tests.
"""

import json
import sys
import time
import warnings

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

FEATURES = (
    "q_comet r_enalign r_ensimilar r_numsteps r_validity r_direct r_indirect r_vi r_selfcheck r_active r_problem r_plan r_final "
    "r_fact r_result r_uncertainty r_length"
).split()
UNSCALED = {"r_numsteps", "r_length"}


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def scaled(frame):
    columns = {f: frame[f] if f in UNSCALED else StandardScaler().fit_transform(frame[[f]])[:, 0] for f in FEATURES}
    return frame.assign(**columns)


def univariate(frame):
    deltas = {}
    pooled = scaled(frame)
    for lang, rows in pooled.groupby("lang"):
        for feature in FEATURES:
            part = rows[["acc", feature]].dropna()
            if part[feature].nunique() <= 1:
                continue
            try:
                fit = sm.Logit(part["acc"].astype(float), sm.add_constant(part[[feature]])).fit(disp=0, maxiter=35)
            except Exception:  # singular or separated: the published scripts skip these too
                continue
            a, b = fit.params["const"], fit.params[feature]
            deltas[lang, feature] = sigmoid(a + b) - sigmoid(a - b)
            fit.bse, fit.pvalues, fit.conf_int()
    return deltas


def multivariate(frame):
    deltas = {}
    for lang, rows in frame.groupby("lang"):
        names = [f for f in FEATURES if rows[f].nunique() > 1]
        part = rows[["acc", *names]].copy()
        part[names] = StandardScaler().fit_transform(part[names])
        part = part.dropna()
        x = sm.add_constant(part[names])
        try:
            fit = sm.Logit(part["acc"].astype(float), x).fit(disp=0, maxiter=35)
        except Exception:
            continue
        eta = x.to_numpy() @ fit.params.to_numpy()
        for name in names:
            b, z = fit.params[name], part[name].to_numpy()
            deltas[lang, name] = float(np.mean(sigmoid(eta - b * z + b) - sigmoid(eta - b * z - b)))
        fit.bse, fit.pvalues, fit.conf_int()
    return deltas


def ridge(frame):
    deltas = {}
    pooled = scaled(frame)
    for lang, rows in pooled.groupby("lang"):
        names = [f for f in FEATURES if rows[f].nunique() > 1]
        part = rows[["acc", *names]].dropna()
        fit = LogisticRegression(C=1.0, max_iter=5000).fit(part[names].to_numpy(), part["acc"])
        a = fit.intercept_[0]
        for name, b in zip(names, fit.coef_[0]):
            deltas[lang, name] = sigmoid(a + b) - sigmoid(a - b)
    return deltas


def bootstrap(deltas, n_boot=1000):
    random = np.random.default_rng(42)
    intervals = {}
    for feature in FEATURES:
        values = np.array([delta for (lang, name), delta in deltas.items() if name == feature and lang != "en"])
        if len(values):
            means = values[random.integers(0, len(values), (n_boot, len(values)))].mean(axis=1)
            intervals[feature] = np.percentile(means, [2.5, 97.5])
    return intervals


def tests(frame):
    p = []
    for feature in FEATURES:
        part = frame[["acc", feature]].dropna()
        right = part["acc"].astype(bool)
        p.append(stats.mannwhitneyu(part[feature][right], part[feature][~right]).pvalue)
    return p


def main():
    warnings.simplefilter("ignore")
    frame = pd.read_parquet(sys.argv[1])

    def timed(part, work):
        begin = time.perf_counter()
        result = work()
        seconds = time.perf_counter() - begin
        values = np.concatenate([np.atleast_1d(np.asarray(v, float)) for v in (result.values() if isinstance(result, dict) else result)])
        print(json.dumps({"part": part, "seconds": seconds, "values": len(values), "sum": float(np.nansum(values))}), flush=True)
        return result

    one = timed("univariate", lambda: univariate(frame))
    all_of = timed("multivariate", lambda: multivariate(frame))
    timed("ridge", lambda: ridge(frame))
    timed("bootstrap", lambda: {**{("u", k): v for k, v in bootstrap(one).items()}, **{("m", k): v for k, v in bootstrap(all_of).items()}})
    timed("tests", lambda: tests(frame))


if __name__ == "__main__":
    main()
