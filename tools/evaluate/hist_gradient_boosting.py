"""PR-AUC of scikit-learn's HistGradientBoostingClassifier, defaults, on rows from standard input (see peer.ts)."""
import json
import sys

import numpy as np
import sklearn
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score, roc_auc_score

source = sys.stdin.buffer
head = json.loads(source.readline())
parts = []
for rows in head["rows"]:
    values = np.frombuffer(source.read(rows * head["width"] * 4), dtype="<f4").reshape(rows, -1)
    parts.append((np.where(np.isinf(values), np.nan, values), np.frombuffer(source.read(rows), dtype="u1")))
(train, taught), (test, actual) = parts
model = HistGradientBoostingClassifier(random_state=head["seed"]).fit(train, taught)
scores = model.predict_proba(test)[:, 1]
print(
    json.dumps(
        {
            "version": sklearn.__version__,
            "prAuc": average_precision_score(actual, scores),
            "rocAuc": roc_auc_score(actual, scores),
        }
    )
)
