"""The host is quieted where that is possible, and says so where it is not."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoci.hosts.none import NoControl
from ecoci.hosts.quiet import LinuxThreads, QuietHost, QuietParts, quiet_environment
from ecoci.hosts.quiet_cores import LEAST_CORES, MOST_CORES, CoreMap, choose_cores, parse_cores
from ecoci.model import HostState

NOTHING = QuietParts(affinity=False, threads=False, hash_seed=False, collector=False)
UUIDS = ("GPU-a", "GPU-b", "GPU-c", "GPU-d")


class Threads:
    """Threads that stand where they are put; those in `gone` ended between the listing and the move."""

    def __init__(self, cores: int, others: tuple[int, ...] = (7, 8), gone: tuple[int, ...] = ()) -> None:
        self._cores = frozenset(range(cores))
        self.running = set(others)
        self._gone = gone
        self.places: dict[int, frozenset[int]] = {}

    def allowed(self) -> frozenset[int]:
        return self.places.get(0, self._cores)

    def others(self) -> frozenset[int]:
        return frozenset(self.running)

    def move(self, thread: int, cores: frozenset[int]) -> None:
        if thread in self._gone:
            raise ProcessLookupError(3, "No such process")
        self.places[thread] = cores


class RefusingThreads(Threads):
    def move(self, thread: int, cores: frozenset[int]) -> None:
        raise PermissionError(1, "Operation not permitted")


def write(root: Path, files: dict[str, str]) -> CoreMap:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n", encoding="utf-8")
    return CoreMap(root)


def two_sockets(root: Path) -> CoreMap:
    """GPUs a and b near cores 0-15, c and d near 16-31; core n and n + 8 of a socket are one physical core."""
    files = {}
    for place, uuid in enumerate(UUIDS):
        bus, first = f"0000:{place + 1}B:00.0", 16 * (place // 2)
        files[f"proc/driver/nvidia/gpus/{bus}/information"] = f"Model: H200\nGPU UUID: \t {uuid}"
        files[f"sys/bus/pci/devices/{bus.lower()}/local_cpulist"] = f"{first}-{first + 15}"
    for core in range(32):
        low = 16 * (core // 16) + core % 8
        files[f"sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list"] = f"{low},{low + 8}"
    return write(root, files)


def missing_fields(state: HostState) -> set[str]:
    return {one.field for one in state.missing}


@pytest.mark.parametrize(
    ("text", "cores"),
    [("0-3,8", (0, 1, 2, 3, 8)), ("5", (5,)), ("0-1\n", (0, 1)), ("", ()), ("a-b", ()), ("3-", (3,)), ("-3", ())],
)
def test_a_list_of_cores_is_read_as_linux_writes_it(text: str, cores: tuple[int, ...]) -> None:
    assert parse_cores(text) == cores


def test_cores_are_near_the_gpu_without_core_0_and_without_hardware_siblings(tmp_path: Path) -> None:
    choice = choose_cores(frozenset(range(32)), "GPU-c", ("GPU-a", "GPU-c"), two_sockets(tmp_path))
    assert choice is not None
    assert choice.near
    assert (choice.main, *choice.helpers) == tuple(range(16, 24))


def test_processes_for_gpus_of_one_socket_share_no_core(tmp_path: Path) -> None:
    known = two_sockets(tmp_path)
    choices = [choose_cores(frozenset(range(32)), uuid, UUIDS, known) for uuid in UUIDS]
    cores = [core for choice in choices if choice for core in (choice.main, *choice.helpers)]
    assert len(cores) == len(set(cores)) >= 4 * LEAST_CORES


def test_cores_that_the_process_may_not_use_are_not_chosen(tmp_path: Path) -> None:
    allowed = frozenset((2, 3, 4, 5, 16, 17))
    choice = choose_cores(allowed, "GPU-a", UUIDS[:1], two_sockets(tmp_path))
    assert choice is not None
    assert {choice.main, *choice.helpers} == {2, 3, 4, 5}


def test_where_the_gpus_place_is_unknown_all_allowed_cores_are_shared_out(tmp_path: Path) -> None:
    choices = [choose_cores(frozenset(range(64)), uuid, UUIDS, CoreMap(tmp_path)) for uuid in UUIDS]
    assert [choice.near for choice in choices if choice] == [False] * 4
    assert len({choice.main for choice in choices if choice}) == 4


@given(st.frozensets(st.integers(0, 200), max_size=40), st.integers(1, 8))
def test_boards_never_share_a_core_however_few_there_are(allowed: frozenset[int], boards: int) -> None:
    uuids = tuple(f"GPU-{n}" for n in range(boards))
    choices = [choose_cores(allowed, uuid, uuids, CoreMap(Path("/nowhere"))) for uuid in uuids]
    made = [(choice.main, *choice.helpers) for choice in choices if choice]
    assert all(2 <= len(cores) <= MOST_CORES and set(cores) <= allowed for cores in made)
    assert len({core for cores in made for core in cores}) == sum(map(len, made))


def test_with_fewer_than_four_cores_nothing_is_pinned_and_the_state_says_why(tmp_path: Path) -> None:
    threads = Threads(cores=3)
    state = QuietHost(UUIDS[:1], UUIDS[:1], replace(NOTHING, affinity=True), CoreMap(tmp_path), threads).settle()
    assert threads.places == {}
    assert missing_fields(state) == {"host.affinity"}
    assert "3 cores" in state.missing[0].reason


def test_the_main_thread_gets_a_core_of_its_own_and_all_others_the_rest(tmp_path: Path) -> None:
    threads = Threads(cores=16, gone=(8,))
    host = QuietHost(UUIDS[:1], UUIDS[:1], replace(NOTHING, affinity=True), CoreMap(tmp_path), threads)
    state = host.settle()
    (main,) = threads.places[0]
    assert dict(state.applied)["main_core"] == str(main)
    assert main not in threads.places[7]
    assert 8 not in threads.places
    assert state.missing == ()


def test_settling_again_keeps_the_choice(tmp_path: Path) -> None:
    threads = Threads(cores=16)
    host = QuietHost(UUIDS[:1], UUIDS[:1], replace(NOTHING, affinity=True), CoreMap(tmp_path), threads)
    first, again = host.settle(), host.settle()
    assert dict(first.applied)["main_core"] == dict(again.applied)["main_core"]
    assert again.missing == ()


def test_a_refused_system_call_is_missing_and_no_failure(tmp_path: Path) -> None:
    host = QuietHost(UUIDS[:1], (), replace(NOTHING, affinity=True), CoreMap(tmp_path), RefusingThreads(cores=16))
    state = host.settle()
    assert "Operation not permitted" in state.missing[0].reason
    with host.window():
        assert threading.active_count() >= 1


def test_a_thread_born_inside_a_window_is_moved_off_the_main_core(tmp_path: Path) -> None:
    threads = Threads(cores=16)
    host = QuietHost(UUIDS[:1], UUIDS[:1], replace(NOTHING, affinity=True), CoreMap(tmp_path), threads)
    host.settle()
    with host.window():
        threads.running.add(99)
        deadline_s = time.monotonic() + 10.0
        while 99 not in threads.places and time.monotonic() < deadline_s:
            time.sleep(0.005)
    assert threads.places[99] == threads.places[7]


def test_no_thread_outlives_a_window(tmp_path: Path) -> None:
    host = QuietHost(UUIDS[:1], UUIDS[:1], QuietParts(), CoreMap(tmp_path), Threads(cores=16))
    host.settle()
    before = threading.active_count()
    with host.window():
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


def test_the_collector_rests_inside_a_window_and_is_back_even_when_the_work_fails() -> None:
    host = QuietHost((), parts=replace(NOTHING, collector=True))

    def failing() -> None:
        with host.window():
            assert not gc.isenabled()
            assert gc.get_freeze_count() > 0
            raise RuntimeError("the work")

    with pytest.raises(RuntimeError, match="the work"):
        failing()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with QuietHost((), parts=replace(NOTHING, collector=True)).window():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_what_had_to_be_set_before_the_process_started_is_missing_when_it_was_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    state = QuietHost((), parts=replace(NOTHING, threads=True)).settle()
    assert missing_fields(state) == {"host.threads"}
    assert "OMP_NUM_THREADS" in state.missing[0].reason


def test_a_process_started_with_the_quiet_variables_finds_them_applied() -> None:
    code = (
        "from ecoci.hosts.quiet import QuietHost, QuietParts\n"
        "state = QuietHost((), parts=QuietParts(affinity=False)).settle()\n"
        "print(sorted(dict(state.applied)), state.missing)"
    )
    environment = {**os.environ, **quiet_environment()}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert "'hash_seed'" in done.stdout
    assert "'threads'" in done.stdout
    assert done.stdout.strip().endswith("()")


def test_a_part_that_is_not_wanted_sets_no_variable() -> None:
    assert quiet_environment(NOTHING) == {}
    assert quiet_environment(replace(NOTHING, hash_seed=True)) == {"PYTHONHASHSEED": "0"}


def test_facts_of_the_host_are_recorded_sorted_and_without_touching_it(tmp_path: Path) -> None:
    cores = write(
        tmp_path,
        {
            "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave",
            "sys/devices/system/cpu/intel_pstate/no_turbo": "0",
        },
    )
    applied = QuietHost((), parts=NOTHING, cores=cores).settle().applied
    assert applied == tuple(sorted(applied))
    assert dict(applied)["seen_governor"] == "powersave"
    assert dict(applied)["seen_turbo"] == "on"


@pytest.mark.parametrize(("boost", "turbo"), [("1", True), ("0", False), (None, None)])
def test_turbo_is_read_where_the_generic_driver_shows_it(
    tmp_path: Path, boost: str | None, *, turbo: bool | None
) -> None:
    assert write(tmp_path, {"sys/devices/system/cpu/cpufreq/boost": boost} if boost else {}).turbo() is turbo


def test_the_real_threads_of_this_process_are_listed_without_the_main_one() -> None:
    threads, stop = LinuxThreads(), threading.Event()
    helper = threading.Thread(target=stop.wait)
    helper.start()
    try:
        assert helper.native_id in threads.others()
        assert threading.get_native_id() not in threads.others()
        threads.move(helper.native_id or 0, threads.allowed())
    finally:
        stop.set()
        helper.join()


def test_a_host_left_as_it_is_says_nothing_and_changes_nothing() -> None:
    control = NoControl()
    assert control.settle() == HostState()
    with control.window():
        assert gc.isenabled()
