"""What the pages' technical words mean, for people who do not work with models: one home for the words, shown where they stand."""

from __future__ import annotations

#: Term as the pages write it -> what it means.
TERMS = {
    "F1": "one figure for both kinds of mistake, calls in vain and successes missed; 0 is worst, 1 is best. It chooses between models.",
    "ROC AUC": "how often a customer who subscribes is ranked above one who does not; 0.5 is chance, 1 is perfect.",
    "PR AUC": "how rich in successes the top of the ranking is, at any length of a list; chance is the share of successes, 1 is perfect.",
    "Lift at 10 %": "successes a call among the best tenth of the ranking, against calling at random; 2 is twice as many.",
    "Precision": "share of the advised calls that succeed.",
    "Recall": "share of all successes that the advised calls find.",
    "Brier score": "how far the probabilities lie from what happened, squared; 0 is best. It is low when 30 % really means 3 of 10.",
    "Calls": "how many of these days' customers the model would have called.",
    "Profit": "what those calls would have brought: successes times their margin, less the cost of the calls.",
    "Digest": "a fingerprint of a content: when one bit of it changes, the digest is another. The same digest is the same content.",
    "Drift": "the customers of the newest days differ from those the model learned from; then its probabilities may no longer hold.",
    "Drift DAG": "the job in Airflow that looks at the newest days after each night's scoring and decides whether to train again.",
    "Distance": "how far the newest days lie from what the model learned from, column by column; 0 is no difference.",
    "Window": "the newest days that are looked at together.",
    "Replay": "the past campaign gone through evening by evening, with only what was known then: what the platform would have earned.",
    "Trace": "the way back from one prediction to the model, the training run and the raw files, each compared with its digest.",
}
