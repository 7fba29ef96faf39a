from __future__ import annotations

import errno
import gzip
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ecoci.codec import dumps
from ecoci.errors import DataError, StorageError
from ecoci.model import (
    JobResult,
    Report,
    Tariff,
    VerdictKind,
)
from ecoci.store import (
    FolderStore,
    check_writable,
    load_report,
    load_result,
    read_text,
    write_atomic,
)
from tests.accepted import PROVENANCE
from tests.stores import listed, teaches

RESULT = JobResult(PROVENANCE, ())
REPORT = Report(PROVENANCE, (), (), Tariff(), VerdictKind.PASS)


# writing


def test_a_written_file_reads_back_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file.txt"
    write_atomic(path, "héllo\n")
    assert read_text(path) == "héllo\n"
    assert listed(path.parent) == ["file.txt"]


def test_writing_replaces_the_file_and_not_what_a_link_points_to(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    write_atomic(link, "new")
    assert (target.read_text(), link.read_text(), link.is_symlink()) == ("old", "new", False)


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permission_bits_are_those_the_umask_leaves(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        write_atomic(tmp_path / "file", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


def test_a_name_as_long_as_the_file_system_allows_can_be_written(tmp_path: Path) -> None:
    write_atomic(tmp_path / ("x" * 255), "fits")
    with pytest.raises(StorageError) as caught:
        write_atomic(tmp_path / ("x" * 256), "does not")
    assert teaches(caught.value, words="the name is too long")


def test_writing_onto_a_folder_is_refused_and_cleans_up(tmp_path: Path) -> None:
    (tmp_path / "result.json").mkdir()
    with pytest.raises(StorageError) as caught:
        write_atomic(tmp_path / "result.json", "x")
    assert teaches(caught.value, words="it is a folder")
    assert listed(tmp_path) == ["result.json"]


def test_writing_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(StorageError) as caught:
        write_atomic(tmp_path / "out" / "result.json", "x")
    assert teaches(caught.value, words="a file is in the way")


def test_text_that_is_no_unicode_is_refused_before_the_old_file_is_touched(tmp_path: Path) -> None:
    write_atomic(tmp_path / "file", "old")
    with pytest.raises(DataError, match="character 1 is half a surrogate pair"):
        write_atomic(tmp_path / "file", "a\ud800")
    assert read_text(tmp_path / "file") == "old"


def test_an_impossible_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="null"):
        write_atomic(tmp_path / "a\0b", "x")


LIMITED = """
import resource, sys
from pathlib import Path
from ecoci.errors import StorageError
from ecoci.store import check_writable, write_atomic
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
for call in (lambda: write_atomic(Path(sys.argv[1], "f"), "x" * 5000), lambda: check_writable(Path(sys.argv[1]))):
    try:
        call()
    except StorageError as error:
        print(error.message, "|", error.remedy)
"""


def test_a_disk_that_takes_no_more_keeps_the_old_file_and_leaves_no_rest(tmp_path: Path) -> None:
    write_atomic(tmp_path / "f", "old")
    done = subprocess.run([sys.executable, "-c", LIMITED, tmp_path], capture_output=True, text=True, check=True)
    assert [line.split(": ")[1] for line in done.stdout.splitlines()] == ["the file is too large | raise the limit"] * 2
    assert (listed(tmp_path), read_text(tmp_path / "f")) == (["f"], "old")


FULL = """
import sys
from pathlib import Path
from ecoci.errors import StorageError
from ecoci.store import check_writable, read_text, write_atomic
disk = Path(sys.argv[1])
try:
    write_atomic(disk / "f", "old")
    write_atomic(disk / "f", "x" * 200_000)
except StorageError as error:
    print(error.message.removeprefix(str(disk)), "|", error.remedy)
print([(f.name, read_text(f)) for f in disk.iterdir()])
"""


def on_own_disk(folder: Path, options: str, script: str) -> list[str]:
    """Lines that a script prints which runs with a small disk of its own at `folder`; the disk ends with it."""
    mount = f'mount -t tmpfs -o {options} tmpfs "$1" || exit 77; exec "$2" -c "$3" "$1"'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount]
    try:
        done = subprocess.run(
            [*command, "sh", folder, sys.executable, script], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("needs unshare")
    if done.returncode == 77 or done.stderr.startswith("unshare:"):
        pytest.skip("this system lets nobody mount a disk of their own")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_full_disk_is_said_and_the_old_file_stays(tmp_path: Path) -> None:
    said, files = on_own_disk(tmp_path, "size=64k", FULL)
    assert said == "/f cannot be written: the disk is full | free some space, or choose another folder"
    assert files == "[('f', 'old')]"


def test_a_disk_mounted_read_only_is_said(tmp_path: Path) -> None:
    said, files = on_own_disk(tmp_path, "ro", FULL)
    assert said == "/f cannot be written: the disk is read-only | choose another folder"
    assert files == "[]"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_a_folder_that_nobody_can_write_fails_before_measuring() -> None:
    with pytest.raises(StorageError, match=r"^/proc/ecoci-out cannot be written: ") as caught:
        check_writable(Path("/proc/ecoci-out"))
    assert caught.value.remedy
    with pytest.raises(StorageError, match=r"^/proc/self/result\.json cannot be written: "):
        write_atomic(Path("/proc/self/result.json"), "x")


@pytest.mark.usefixtures("no_override")
def test_a_folder_without_permission_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="the user has no permission"):
        check_writable(tmp_path)
    tmp_path.chmod(0o700)


def test_a_writable_folder_is_made_and_left_empty(tmp_path: Path) -> None:
    check_writable(tmp_path / "a" / "b")
    assert listed(tmp_path / "a" / "b") == []


def test_a_file_in_place_of_the_output_folder_fails_before_measuring(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(StorageError) as caught:
        check_writable(tmp_path / "out")
    assert teaches(caught.value, words="a file is in the way")


# reading


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        load_result(tmp_path / "result.json")
    assert teaches(caught.value, words="result.json cannot be read: there is no such file")


def test_a_folder_in_place_of_a_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        read_text(tmp_path)
    assert teaches(caught.value, words="it is a folder")


def test_a_pipe_is_refused_instead_of_waiting_for_ever(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(StorageError) as caught:
        read_text(tmp_path / "pipe.json")
    assert teaches(caught.value, words="it is a pipe or a device")


def test_links_in_a_circle_are_said(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(StorageError) as caught:
        read_text(tmp_path / "a")
    assert teaches(caught.value, words="links lead in a circle")


def test_a_file_above_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("12345")
    assert read_text(tmp_path / "f", limit_bytes=5) == "12345"
    with pytest.raises(DataError) as caught:
        read_text(tmp_path / "f", limit_bytes=4)
    assert teaches(caught.value, words="holds more than 4 bytes")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"\x80\x81")
    with pytest.raises(DataError, match="is not UTF-8 text"):
        read_text(tmp_path / "f")


def test_a_compressed_result_is_read(tmp_path: Path) -> None:
    (tmp_path / "result.json.gz").write_bytes(gzip.compress(dumps(RESULT).encode()))
    assert load_result(tmp_path / "result.json.gz") == RESULT


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f.gz").write_bytes(gzip.compress(b"0" * 10_000_000))
    with pytest.raises(DataError, match="holds more than 1,000,000 bytes"):
        read_text(tmp_path / "f.gz", limit_bytes=1_000_000)


@pytest.mark.parametrize("cut", [0, 5, -1, -9])
def test_a_damaged_compressed_file_is_refused(tmp_path: Path, cut: int) -> None:
    packed = gzip.compress(b"some text" * 100)
    (tmp_path / "f.json.gz").write_bytes(packed[:cut] if cut else b"not gzip")
    with pytest.raises(DataError) as caught:
        read_text(tmp_path / "f.json.gz")
    assert teaches(caught.value, words="is not a whole gzip file")


def test_a_compressed_file_with_flipped_bits_is_refused(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(b"some text" * 100))
    packed[14:20] = b"\xff" * 6
    (tmp_path / "f.json.gz").write_bytes(packed)
    with pytest.raises(DataError, match="is not a whole gzip file"):
        read_text(tmp_path / "f.json.gz")


# results and reports


def test_a_saved_result_is_loaded_again(store: FolderStore, tmp_path: Path) -> None:
    assert store.save_result(RESULT) == tmp_path / "out" / "result.json"
    assert load_result(tmp_path / "out" / "result.json") == RESULT


def test_a_written_report_is_loaded_again(tmp_path: Path) -> None:
    write_atomic(tmp_path / "report.json", dumps(REPORT))
    assert load_report(tmp_path / "report.json") == REPORT


def test_a_result_given_as_a_report_is_refused_by_name(store: FolderStore) -> None:
    path = store.save_result(RESULT)
    with pytest.raises(DataError, match=r"result\.json is a measured result"):
        load_report(path)


def test_an_error_without_a_known_number_is_told_in_the_system_s_words() -> None:
    if not Path("/proc/self/mem").exists():
        pytest.skip("needs /proc")
    with pytest.raises(StorageError, match=os.strerror(errno.EIO)):
        read_text(Path("/proc/self/mem"))
