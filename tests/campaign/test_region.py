"""A bank's own column reaches everything: `region` in the contract and its name in the features, two entries, no code."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession

from bank_marketing.campaign import CAMPAIGNS, Campaign, load_campaign
from bank_marketing.contract.docs import contract_table
from bank_marketing.contract.request import example_prospect, prospect_model
from bank_marketing.contract.suite import Suite
from bank_marketing.etl.drift import column_drift
from bank_marketing.etl.features import build_features, campaign_history, daily_outcomes
from bank_marketing.etl.reading import read_landed
from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.modeling.explanations import reasons
from bank_marketing.modeling.model import TermDepositModel, train
from bank_marketing.modeling.reads import columns_read
from bank_marketing.modeling.slices import slices
from bank_marketing.monitoring.config import MonitoringConfig
from bank_marketing.serving.forms import ProspectForm
from tests.support.clean import clean_rows as clean_table
from tests.support.features import PRICES, features_table
from tests.support.landed import contact, write_contacts
from tests.support.settled_by_spark import clean_rows

DAY = date(2010, 6, 30)
REGIONS = ["east", "north", "south", "west"]

#: The entry in the contract; the one in the features is its name among the categories.
COLUMN = """\
  - {name: region, type: string, role: client, phase: before_call, severity: critical, categories: [east, north, south, west],
     default: south, title: Region, description: Where the client lives.}

  - name: contact
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first campaign with the two entries."""
    folder = tmp_path_factory.mktemp("campaigns") / "regional"
    shutil.copytree(CAMPAIGNS / "bank_marketing", folder)
    for name, old, new in (
        ("contract.yaml", "  - name: contact\n", COLUMN),
        ("features.yaml", "categories: [job, ", "categories: [region, job, "),
    ):
        text = (folder / name).read_text(encoding="utf-8")
        assert text.count(old) == 1
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def campaign(folder: Path) -> Campaign:
    return load_campaign(folder)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Contacts of which those in the north subscribe and the others mostly do not."""
    table = features_table(days=60, rows_a_day=40)
    region = np.random.default_rng(5).choice(REGIONS, len(table))
    chance = np.where(region == "north", 0.8, 0.1)
    return table.assign(region=region, y=(np.random.default_rng(6).random(len(table)) < chance).astype("int32"))


@pytest.fixture(scope="module")
def model(table: pd.DataFrame, campaign: Campaign) -> TermDepositModel:
    parts = (table[table["split"] == part] for part in ("train", "validation"))
    choice = ModelSpec(algorithm="logistic_regression", hyper_parameters={"C": 0.1})
    return train(choice, *parts, spec=campaign.features, economics=PRICES)[0]


def test_spark_cleans_it_and_the_features_have_it(campaign: Campaign, spark: SparkSession, tmp_path: Path) -> None:
    contract = campaign.contract
    rows = [contact(number, DAY) | {"region": region} for number, region in enumerate(["north", "south", "nowhere"])]
    cells = [[f'"{row[column.name]}"' for column in contract.columns] for row in rows]
    header = [f'"{column.source_name}"' for column in contract.columns]
    path = write_contacts(tmp_path, DAY, [contract.delimiter.join(line) for line in [header, *cells]])
    cleaned = clean_rows(read_landed(spark, [path], contract.columns, contract), contract.columns, contract)
    assert cleaned.where("status = 'rejected'").count() == 1
    clean = cleaned.where("status = 'clean'")
    sizes = spark.createDataFrame([(DAY, 3)], "contact_date date, list_size long")
    history = campaign_history(daily_outcomes(clean, sizes, campaign.features), campaign.features)
    assert {row["region"] for row in build_features(clean, history, contract).collect()} == {"north", "south"}


def test_great_expectations_holds_it_to_its_categories(campaign: Campaign, tmp_path: Path) -> None:
    rows = clean_table([date(2010, 6, 1), date(2010, 6, 2)]).assign(region="north")
    suite = Suite(campaign.contract, tmp_path)
    assert not [one for one in suite.run("good", rows) if one["column"] == "region"]
    rows.loc[3, "region"] = "nowhere"
    assert [one["column"] for one in suite.run("bad", rows) if one["severity"] == "critical"] == ["region"]


def test_the_model_reads_it_and_says_so(model: TermDepositModel, table: pd.DataFrame, campaign: Campaign) -> None:
    assert columns_read(model.choice, campaign.features)["region"] == "string"
    rows = table[table["split"] == "holdout"]
    assert (
        model.predict_proba(rows.assign(region="north")).mean() > model.predict_proba(rows.assign(region="west")).mean() + 0.3
    )
    (first, *_) = reasons(model, rows.assign(region="north").head(1))[0]
    assert (first.feature, first.value, first.text) == ("region", "north", "Region: north")
    assert first.effect > 0


def test_drift_and_slices_look_at_it(table: pd.DataFrame, campaign: Campaign) -> None:
    moved = table.tail(600).assign(region="north")
    config = MonitoringConfig().model_dump(include={"ks_threshold", "psi_threshold"})
    found = {one.column: one.drifted for one in column_drift(table.head(1200), moved, campaign.contract, **config)}
    assert found["region"]
    cuts = dict(slices(table, campaign.features))
    assert {name: int(rows.sum()) for name, rows in cuts.items() if name.startswith("Region: ")} == {
        f"Region: {name}": int((table["region"] == name).sum()) for name in REGIONS
    }


def test_the_request_the_form_the_example_and_the_page_of_the_contract_have_it(campaign: Campaign) -> None:
    contract = campaign.contract
    example = example_prospect(contract)
    assert example["region"] == "south"
    accepted = prospect_model(contract)
    accepted.model_validate(example)
    for wrong in ({"region": "nowhere"}, {"region": None}):
        with pytest.raises(ValueError, match="region"):
            accepted.model_validate(example | wrong)
    fields = {field.name: field for group in ProspectForm(contract, accepted).groups(None) for field in group.fields}
    assert (fields["region"].title, fields["region"].value) == ("Region", "south")
    assert dict(fields["region"].choices)["north"] == "North"
    assert any("region" in line and "north" in line for line in contract_table(contract).splitlines())


def test_the_service_of_the_campaign_documents_it(folder: Path, tmp_path: Path) -> None:
    code = "import json; from bank_marketing.serving.app import create_app; print(json.dumps(create_app().openapi()))"
    environment = os.environ | {"BANK_CAMPAIGN": str(folder), "BANK_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    document = json.loads(done.stdout.splitlines()[-1])
    schemas = document["components"]["schemas"]
    asked = schemas["PredictionRequest"]["properties"]["prospect"]
    assert asked["examples"][0]["region"] == "south"
    (prospect,) = [schema for schema in schemas.values() if "region" in schema.get("properties", {})]
    assert "region" in prospect["required"]
