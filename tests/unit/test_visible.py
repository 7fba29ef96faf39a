"""`CUDA_VISIBLE_DEVICES` means what it means to CUDA."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoci.errors import DeviceError, EcociError, InputError
from ecoci.meters.visible import resolve_visible

A, B, C = "GPU-aaaa1111-0000", "GPU-aabb2222-0000", "GPU-cccc3333-0000"
BOARDS = (A, B, C)


@pytest.mark.parametrize(
    ("value", "visible"),
    [
        (None, (A, B, C)),
        ("", ()),
        ("0", (A,)),
        ("2,0", (C, A)),
        (" 1 , 2 ", (B, C)),
        (B, (B,)),
        ("GPU-c", (C,)),
        ("gpu-AABB", (B,)),
        ("1,GPU-cccc", (B, C)),
        ("-1", ()),
        ("0,-1,2", (A,)),
        ("0,3,1", (A,)),
        ("0,,1", (A,)),
        ("NoDevFiles", ()),
        ("0,GPU-beef,1", (A,)),
        ("1.5", ()),
        ("²", ()),
        ("9" * 5000, ()),
    ],
)
def test_the_list_is_read_as_cuda_reads_it(value: str | None, visible: tuple[str, ...]) -> None:
    assert resolve_visible(value, BOARDS) == visible


@pytest.mark.parametrize("value", ["0,0", f"0,{A}", "GPU-aaaa,GPU-aaaa1"])
def test_a_board_named_twice_is_refused_because_cuda_would_show_none(value: str) -> None:
    with pytest.raises(InputError, match="twice") as caught:
        resolve_visible(value, BOARDS)
    assert caught.value.remedy


def test_a_prefix_of_two_boards_is_refused_with_both() -> None:
    with pytest.raises(InputError, match=f"{A}, {B}"):
        resolve_visible("GPU-aa", BOARDS)


@pytest.mark.parametrize("value", ["MIG-1234", "0,MIG-GPU-aaaa/1/0", "mig-1"])
def test_a_mig_instance_is_refused(value: str) -> None:
    with pytest.raises(DeviceError, match="MIG") as caught:
        resolve_visible(value, BOARDS)
    assert "whole board" in caught.value.cause


@given(value=st.text(alphabet="0123456789,-GPUgpuMIac ", max_size=20))
def test_any_text_gives_known_boards_once_each_or_an_error_of_ours(value: str) -> None:
    try:
        visible = resolve_visible(value, BOARDS)
    except EcociError:
        return
    assert set(visible) <= set(BOARDS)
    assert len(set(visible)) == len(visible)


def test_without_boards_nothing_is_visible() -> None:
    assert resolve_visible(None, ()) == ()
    assert resolve_visible("0", ()) == ()
