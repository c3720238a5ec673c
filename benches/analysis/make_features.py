#!/usr/bin/env python3
"""Makes the features that both sides analyse: the reference table TIMES times over, jittered so that no two rows are equal.

    make_features.py ../shared/golden/logit/features_const.parquet 100 FEATURES.parquet
"""

import sys

import numpy as np
import pandas as pd

NAMES = {"language": "lang", "r_direct_utility": "r_direct", "r_indirect_utility": "r_indirect"}


def main():
    source, times, target = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    frame = pd.read_parquet(source).rename(columns=NAMES)
    features = [c for c in frame.columns if c.startswith(("q_", "r_"))]
    frame = frame.assign(model="reference", acc=frame["acc"].astype(bool))
    frame[features] = frame[features].astype(float)
    random = np.random.default_rng(0)
    parts = []
    for sample in range(times):
        part = frame.assign(sample=sample)
        if sample:
            varies = frame.groupby("lang")[features].transform("nunique") > 1
            noise = random.normal(0, 0.05, (len(frame), len(features))) * frame[features].std().to_numpy()
            part[features] = frame[features] + np.where(varies, noise, 0.0)
        parts.append(part)
    pd.concat(parts, ignore_index=True).to_parquet(target, index=False)


if __name__ == "__main__":
    main()
