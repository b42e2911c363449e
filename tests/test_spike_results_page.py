"""The page of the spike codecs' figures is that of its figures, and the codecs reach them."""

import pytest

from bench import spike_page
from bench.coders import CODECS, OURS
from bench.spike_figures import Figures, from_json
from bench.workloads import all_workloads
from model import get_codec

BY_TITLE = {workload.title: workload for workload in all_workloads()}


@pytest.fixture(scope="module")
def published() -> Figures:
    return from_json(spike_page.JSON.read_text())


def test_the_page_in_the_project_is_that_of_its_figures(published):
    assert spike_page.PAGE.read_text() == spike_page.page(published)


def test_the_page_shows_every_workload_and_codec(published):
    assert set(BY_TITLE) <= {outcome.title for outcome in published.outcomes}
    assert all({row.coder for row in outcome.rows if row.kind == OURS} == set(CODECS) for outcome in published.outcomes)


@pytest.mark.parametrize("title", ["table, 0.1 %", "table, 10 %", "bursts"])
@pytest.mark.parametrize("codec", CODECS)
def test_codecs_reach_the_sizes_on_the_page(published, title, codec):
    (outcome,) = (outcome for outcome in published.outcomes if outcome.title == title)
    name, arguments = CODECS[codec]
    data, _ = get_codec(name, **arguments).compress(BY_TITLE[title].make())
    assert len(data) <= outcome.row(codec).bytes
