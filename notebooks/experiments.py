# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Which model serves the bank best, and how good it is
#
# The search itself is `make experiments`: it tries and tunes, and writes `results.json` and the table of all experiments. This notebook
# reads what it found, computes the chosen model's predictions again, month by month, and shows what helped, what did not, and why.
# It needs features in the artifact store: `make run` makes them. `make notebook` runs it and draws the pictures of `docs/model.md`.

# %%
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import display
from matplotlib_inline.backend_inline import set_matplotlib_formats

from bank_marketing.artifacts import open_store
from bank_marketing.campaign import open_campaign
from bank_marketing.modeling import baselines, grid, importance, protocol, random_split
from bank_marketing.modeling.choice import Window
from bank_marketing.modeling.model import train
from bank_marketing.modeling.results import load_results
from bank_marketing.modeling.search import data_digest
from bank_marketing.scoring.state import published_features
from bank_marketing.settings import PROJECT_DIR, Settings

set_matplotlib_formats("png")
plt.rcParams |= {"figure.dpi": 80, "figure.figsize": (7.5, 3.6), "axes.spines.top": False, "axes.spines.right": False}
plt.rcParams |= {"figure.constrained_layout.use": True, "axes.titlelocation": "left", "axes.titleweight": "bold"}
INK, ACCENT, MUTED, WARM = "#1f2a44", "#0b6e99", "#9aa5b8", "#c77d0a"
FIGURES = Path(os.environ["BANK_FIGURES"]) if "BANK_FIGURES" in os.environ else None


def show(name: str) -> None:
    """Keep the picture where the documentation has it, when asked to."""
    if FIGURES:
        plt.savefig(FIGURES / f"{name}.png", dpi=110, metadata={"Software": None})
    display(plt.gcf())  # whatever the backend
    plt.close()


settings = Settings()
newest = next(published_features(open_store(settings)), None)
if newest is None:
    raise SystemExit("No features are in the artifact store: `make run` makes them.")
features = open_store(settings).read_table(f"{newest.uri}/features").to_pandas()
table = protocol.in_time_order(features)
campaign = open_campaign(settings)
results = load_results(campaign.results_file, campaign.contract)
spans = {name: results.spans.named[name] for name in ("A", "B")}
choice = results.winner.choice
same = data_digest(table) == results.data_digest
print(f"{len(table):,} contacts from {table['contact_date'].min()} to {table['contact_date'].max()}")
print("These are the data of results.json." if same else "Other data than results.json was made from: figures will differ.")

# %% [markdown]
# ## The campaign is not one market
#
# The share of calls that succeed went from 3 to 57 percent, the number of calls from thousands a week to a dozen a day. Who knows the
# month, knows most of what a random split can ask.

# %%
monthly = table.groupby("month").agg(calls=("y", "size"), rate=("y", "mean"))
figure, axes = plt.subplots()
axes.bar(monthly.index, monthly["calls"], color=MUTED)
axes.set_yscale("log")
axes.set_ylabel("calls (log)")
axes.tick_params(axis="x", rotation=70, labelsize=8)
rate = axes.twinx()
rate.plot(monthly.index, monthly["rate"], "o-", color=ACCENT)
rate.set_ylabel("share that subscribes", color=ACCENT)
axes.set_title("Calls and success by month")
show("campaign")

# %% [markdown]
# ## Why a random split misleads
#
# In a random split the neighbours in time of every test row are in training. A lookup of the calendar month, without any model, ranks
# about as well as models do; and their figures fall when the same models must predict months they have not seen.

# %%
contenders = {
    "LightGBM, raw columns": baselines.raw_models(campaign.features)["LightGBM, raw columns"],
    results.winner.name: choice,
}
setup = {"spec": campaign.features, "economics": campaign.economics}
split = {name: found.model_dump() for name, found in random_split.random_split_figures(table, contenders, **setup).items()}
by_chance = pd.DataFrame(split).T[["roc_auc", "pr_auc", "f1", "lift_at_10"]].astype(float).round(3)
by_chance["ROC AUC in time order"] = pd.Series(
    {
        "LightGBM, raw columns": results.baselines["LightGBM, raw columns"]["B"].figures["roc_auc"],
        results.winner.name: results.winner.scores["B"].figures["roc_auc"],
    }
).round(3)
by_chance

# %% [markdown]
# ## The protocol: every month predicted by what was known before it
#
# The chosen model's predictions, computed again here.

# %%
raw = protocol.out_of_sample(choice, table, campaign.features)
predictions = protocol.decide(choice, table, raw, economics=campaign.economics)
again = protocol.score(predictions, spans, economics=campaign.economics)
shown = [
    "roc_auc",
    "pr_auc",
    "f1",
    "precision",
    "recall",
    "lift_at_10",
    "alift",
    "brier",
    "log_loss",
    "roc_auc_within",
    "lift_at_10_within",
]
rows = {f"{results.winner.name}, {span}": again[span].figures for span in again}
rows |= {f"{name}, {span}": found[span].figures for name, found in results.baselines.items() for span in again}
pd.DataFrame(rows).T[shown].round(3)

# %%
months = protocol.by_month(predictions, economics=campaign.economics)
figure, axes = plt.subplots()
axes.plot(months["month"], months["rate"], "o-", color=INK, label="observed")
axes.plot(months["month"], months["predicted"], "o--", color=ACCENT, label="predicted, a month ahead")
axes.set_ylabel("share that subscribes")
axes.tick_params(axis="x", rotation=70, labelsize=8)
axes.legend(frameon=False)
axes.set_title("The level of each month")
show("level")

# %%
figure, axes = plt.subplots()
axes.bar(months["month"], months["roc_auc"] - 0.5, bottom=0.5, color=ACCENT)
axes.axhline(0.5, color=INK, lw=0.8)
axes.set_ylabel("ROC AUC within the month")
axes.tick_params(axis="x", rotation=70, labelsize=8)
axes.set_title("Ranking clients of the same month")
show("within")

# %% [markdown]
# ## What was tried
#
# Every experiment of the search, judged on the months from March 2009 on.

# %%
experiments = pd.read_csv(PROJECT_DIR / "docs" / "experiments.csv")
figure, axes = plt.subplots()
for (group, rows_), marker in zip(experiments.groupby("group"), "osD^vPX*dph", strict=False):
    axes.scatter(rows_["pr_auc"], rows_["f1"], marker=marker, s=34, alpha=0.75, label=group)
axes.set_xlabel("PR AUC")
axes.set_ylabel("F1 at its own threshold")
axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
axes.set_title("Each point is an experiment")
show("experiments")

# %%
experiments.sort_values("f1", ascending=False).head(15).round(3)

# %%
experiments[experiments["group"].isin(["algorithm and features", "more columns"])].sort_values(
    "roc_auc_within", ascending=False
).round(3)

# %% [markdown]
# ## What SMOTE does here
#
# Made-up subscribers double or triple the predicted level and leave the ranking where it was: probabilities that no one can price.

# %%
last = Window(last_rows=grid.SAMPLER_ROWS)
sampled = {}
for sampler in ("none", "smote"):
    tried = choice.model_copy(update={"sampler": sampler, "window": last})
    raw_sampled = protocol.out_of_sample(tried, table, campaign.features, since=results.spans.choose_from)
    sampled[sampler] = protocol.decide(tried, table, raw_sampled, economics=campaign.economics)
figure, axes = plt.subplots(figsize=(4.6, 4.2))
axes.plot([0, 1], [0, 1], color=MUTED, lw=0.8)
for (sampler, found), colour in zip(sampled.items(), (ACCENT, WARM), strict=True):
    known = found[found["month"] >= "2009-03"].dropna(subset=["raw"])
    ordered = known.sort_values("raw")
    parts = [ordered.iloc[places] for places in np.array_split(np.arange(len(ordered)), 12)]
    axes.plot([part["raw"].mean() for part in parts], [part["y"].mean() for part in parts], "o-", color=colour, label=sampler)
axes.set_xlabel("predicted probability")
axes.set_ylabel("observed share")
axes.legend(frameon=False, title="sampler")
axes.set_title("SMOTE and the level")
show("smote")

# %%
experiments[experiments["group"] == "sampler"].round(3)

# %% [markdown]
# ## Who is called
#
# Rules for the threshold, on the same predictions. `break_even` is fixed beforehand by what a call costs and a deposit brings; the
# `half_best_f1` rules follow the best F1 of the last 5,000 calls; `…_that_pays` never goes below the break-even.

# %%
policies = {}
for policy in ("best_f1", "half_best_f1", "break_even", "half_best_f1_that_pays"):
    decided = protocol.decide(choice.model_copy(update={"threshold": policy}), table, raw, economics=campaign.economics)
    scores = protocol.score(decided, spans, economics=campaign.economics)
    policies[policy] = {
        f"{figure} {span}": found.figures[figure] for span, found in scores.items() for figure in ("f1", "profit", "called")
    }
pd.DataFrame(policies).T.round(3)

# %% [markdown]
# ## What the model looks at
#
# Effects of the features on clients of the last year (SHAP values, in log-odds), and what ranking within a month loses when a feature is
# shuffled among the month's clients.

# %%
last_year = table[table["month"] >= "2009-12"]
learned, validated = table[table["month"] < "2009-03"], table[table["month"].between("2009-03", "2009-11")]
fitted, _ = train(choice, learned, validated, **setup)
effects = importance.mean_effects(fitted, last_year)
figure, axes = plt.subplots()
top = effects.head(12).iloc[::-1]
axes.barh(top["feature"], top["mean_size"], color=ACCENT, alpha=0.45)
axes.hlines(top["feature"], top["low"], top["high"], color=INK, lw=1.6)
axes.axvline(0, color=MUTED, lw=0.8)
axes.set_xlabel("effect in log-odds: mean size (bar), nine of ten clients (line)")
axes.set_title("What moves the probability")
show("effects")

# %%
lost = importance.permutation_by_month(choice, table, campaign.features, since=results.spans.choose_from)
figure, axes = plt.subplots(figsize=(7.5, 4.2))
image = axes.imshow(lost.to_numpy().T, aspect="auto", cmap="RdBu_r", vmin=-0.12, vmax=0.12)
axes.set_xticks(range(len(lost)), lost.index, rotation=70, fontsize=8)
axes.set_yticks(range(lost.shape[1]), lost.columns, fontsize=8)
figure.colorbar(image, label="ROC AUC lost within the month")
axes.set_title("Permutation importance by month")
show("permutation")

# %%
print(f"{len(campaign.features.campaign_columns)} campaign columns, all known on the evening before the call.")
