"""Work that is divided among threads."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from segwright import kernels


@pytest.mark.parametrize("number", [1, 2, 3, 8])
@pytest.mark.parametrize("rows", [0, 1, 2, 7, 100])
def test_every_row_is_worked_on_once(
    number: int, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "threads", lambda: number)
    times = np.zeros(rows, int)

    def work(array: np.ndarray, begin: int, end: int) -> None:
        array[begin:end] += 1

    kernels.in_shares(work, rows, times)
    assert (times == 1).all()


def test_few_rows_are_no_work_for_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "threads", lambda: 8)
    shares = []
    kernels.in_shares(lambda begin, end: shares.append((begin, end)), 30, at_least=10)
    assert sorted(shares) == [(0, 10), (10, 20), (20, 30)]


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_what_fails_in_a_thread_is_raised_when_all_have_ended(
    failing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "threads", lambda: 3)
    ended = []

    def work(begin: int, end: int) -> None:
        if begin == failing:
            raise ZeroDivisionError(f"row {begin}")
        ended.append(begin)

    before = threading.active_count()
    with pytest.raises(ZeroDivisionError, match=f"row {failing}"):
        kernels.in_shares(work, 3)
    assert sorted(ended) == sorted({0, 1, 2} - {failing})
    assert threading.active_count() == before
