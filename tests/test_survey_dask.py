"""A survey on a cluster of real processes, one of which is killed in the middle."""

import os
import signal

import distributed
import pytest

import theodolite as th
from tests.support.wells import Fatal, Wells
from tests.test_survey import assert_same


@pytest.fixture
def client():
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        yield client


def test_a_worker_killed_in_the_middle_costs_nothing(client):
    land = Wells((3.0, 2.0, 5.0, 1.5, 4.0), (1.0, 0.5, 0.25, 0.125, 0.75), delay=0.1)
    workers = list(client.run(os.getpid).values())
    killed = []

    def kill(done, total):
        if not killed:
            os.kill(workers[0], signal.SIGKILL)
            killed.append(done)

    with client.get_executor() as executor:
        atlas = th.survey(land, executor=executor, progress=kill)
    client.wait_for_workers(2)  # a cluster that is closed while a worker starts takes half a minute to do so
    assert 0 < killed[0] < 243
    assert_same(atlas, th.survey(Wells(land.heights, land.tilts)))


def test_a_piece_that_dask_gave_up_is_tried_again(client, tmp_path):
    land = Fatal((3.0, 2.0, 5.0), (1.0, 0.5, 0.25), tmp_path, deaths=5)  # dask gives up after four
    with client.get_executor() as executor:
        atlas = th.survey(land, executor=executor)
    client.wait_for_workers(2)
    assert len(list(tmp_path.iterdir())) == 5
    assert_same(atlas, th.survey(Wells(land.heights, land.tilts)))
