"""The classifier for the shipped topics, compiled once."""

import pytest

from alerts.classify import Classifier
from alerts.classify.packs import load, shipped


@pytest.fixture(scope="session")
def shipped_classifier() -> Classifier:
    return Classifier(load(shipped("neuroimmunology"), "neuroimmunology.toml"))
