"""Rows of a few numbers as machine vectors, inside kernels.

A row has `len(lanes)` float32 numbers, known when a kernel is compiled; `lanes` is a tuple of any
integers. Numba would turn a loop over so few numbers into scalar instructions. Arrays are flat and
C-contiguous, positions count numbers, and nothing is checked.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

_CONTRACT = ("contract",)
_LINE = 16  # float32 numbers of a cache line


def aligned(size: int) -> np.ndarray:
    """New float32 memory that begins with a cache line, so that no row lies in two of them."""
    memory = np.empty(size + _LINE, np.float32)
    first = -(memory.ctypes.data // 4) % _LINE
    return memory[first : first + size]


_instructions: Any = intrinsic  # what it decorates is called without the first argument


@_instructions
def add_rows(
    typing: Any, lanes: Any, target: Any, numbers: Any, shares: Any, first: Any, count: Any,
    factor: Any, source: Any, begin: Any,
):  # fmt: skip
    """row numbers[n] of target += factor * shares[n] * source[begin : begin + L]

    n runs from `first` to `first + count - 1`, and no number occurs twice.
    """
    signature = types.void(
        lanes, target, numbers, shares, types.intp, types.intp, types.float32, source, types.intp
    )

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row = _Rows(context, builder, signature.args[0])
        _, target, numbers, shares, first, count, factor, source, begin = arguments
        _, to_type, number_type, share_type, _, _, _, from_type, _ = signature.args
        given = row.load(row.pointer(from_type, source, begin))
        given = builder.fmul(given, row.filled(factor))
        length = ir.Constant(first.type, row.length)
        with cgutils.for_range(builder, count, intp=first.type) as loop:
            n = builder.add(first, loop.index)
            share = builder.load(row.element(share_type, shares, n))
            number = builder.load(row.element(number_type, numbers, n))
            number = context.cast(builder, number, number_type.dtype, types.intp)
            there = row.pointer(to_type, target, builder.mul(number, length))
            builder.store(row.plus(row.load(there), row.filled(share), given), there, align=4)
        return context.get_dummy_value()

    return signature, generate


@_instructions
def spread_row(
    typing: Any, lanes: Any, target: Any, at: Any, step: Any, shares: Any, source: Any, begin: Any
):  # fmt: skip
    """target[at + n * step : … + L] += shares[n] * source[begin : begin + L], for a few shares.

    Shares are a tuple.
    """
    signature = types.void(lanes, target, types.intp, types.intp, shares, source, types.intp)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row = _Rows(context, builder, signature.args[0])
        _, target, at, step, shares, source, begin = arguments
        given = row.load(row.pointer(signature.args[5], source, begin))
        for n in range(len(signature.args[4])):
            share = row.filled(builder.extract_value(shares, n))
            there = row.pointer(signature.args[1], target, at)
            builder.store(row.plus(row.load(there), share, given), there, align=4)
            at = builder.add(at, step)
        return context.get_dummy_value()

    return signature, generate


@_instructions
def gather_row(
    typing: Any, lanes: Any, target: Any, at: Any, shares: Any, source: Any, begin: Any, step: Any
):  # fmt: skip
    """target[at : at + L] = sum over n of shares[n] * source[begin + n * step : … + L].

    Shares are a tuple.
    """
    signature = types.void(lanes, target, types.intp, shares, source, types.intp, types.intp)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row = _Rows(context, builder, signature.args[0])
        _, target, at, shares, source, begin, step = arguments
        total = ir.Constant(row.vector, [0.0] * row.length)
        for n in range(len(signature.args[3])):
            given = row.load(row.pointer(signature.args[4], source, begin))
            total = row.plus(total, row.filled(builder.extract_value(shares, n)), given)
            begin = builder.add(begin, step)
        builder.store(total, row.pointer(signature.args[1], target, at), align=4)
        return context.get_dummy_value()

    return signature, generate


@_instructions
def sum_rows(
    typing: Any, lanes: Any, target: Any, at: Any, shares: Any, numbers: Any,
    first: Any, count: Any, source: Any, origin: Any, step: Any,
):  # fmt: skip
    """target[at : at + L] = sum over n of shares[n] * (row numbers[n] of source)

    n runs from `first` to `first + count - 1`. Row r of the source begins at `origin + r * step`.
    """
    signature = types.void(
        lanes, target, types.intp, shares, numbers,
        types.intp, types.intp, source, types.intp, types.intp,
    )  # fmt: skip

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row = _Rows(context, builder, signature.args[0])
        _, target, at, shares, numbers, first, count, source, origin, step = arguments
        _, to_type, _, share_type, number_type, _, _, from_type, _, _ = signature.args
        zero = ir.Constant(row.vector, [0.0] * row.length)
        # Two sums, since one addition has to wait for the one before.
        totals = [cgutils.alloca_once_value(builder, zero) for _ in range(2)]

        def add(total: Any, n: Any) -> None:
            share = builder.load(row.element(share_type, shares, n))
            number = builder.load(row.element(number_type, numbers, n))
            number = context.cast(builder, number, number_type.dtype, types.intp)
            begin = builder.add(origin, builder.mul(number, step))
            given = row.load(row.pointer(from_type, source, begin))
            builder.store(row.plus(builder.load(total), row.filled(share), given), total)

        one = ir.Constant(first.type, 1)
        with cgutils.for_range(builder, builder.lshr(count, one), intp=first.type) as loop:
            n = builder.add(first, builder.shl(loop.index, one))
            add(totals[0], n)
            add(totals[1], builder.add(n, one))
        with builder.if_then(builder.trunc(count, ir.IntType(1))):
            add(totals[0], builder.add(first, builder.sub(count, one)))
        total = builder.fadd(*map(builder.load, totals))
        builder.store(total, row.pointer(to_type, target, at), align=4)
        return context.get_dummy_value()

    return signature, generate


@_instructions
def largest_of_row(typing: Any, lanes: Any, source: Any, begin: Any):
    """The largest of source[begin : begin + L]."""
    return _reduced("llvm.vector.reduce.fmax", (), lanes, source)


@_instructions
def sum_of_row(typing: Any, lanes: Any, source: Any, begin: Any):
    """The sum of source[begin : begin + L], in any order."""
    return _reduced("llvm.vector.reduce.fadd", (ir.Constant(ir.FloatType(), -0.0),), lanes, source)


def _reduced(name: str, start: Any, lanes: Any, source: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row = _Rows(context, builder, lanes)
        _, array, begin = arguments
        given = row.load(row.pointer(source, array, begin))
        kind = ir.FunctionType(ir.FloatType(), [*(one.type for one in start), row.vector])
        full_name = f"{name}.v{row.length}f32"
        reduce = cgutils.get_or_insert_function(builder.module, kind, full_name)
        return builder.call(reduce, [*start, given], fastmath=("reassoc", "nnan"))

    return types.float32(lanes, source, types.intp), generate


class _Rows:
    """Writes the instructions for rows of one length."""

    def __init__(self, context: Any, builder: Any, lanes: Any) -> None:
        self.context, self.builder = context, builder
        self.length = len(lanes)
        self.vector = ir.VectorType(ir.FloatType(), self.length)

    def element(self, array_type: Any, array: Any, position: Any) -> Any:
        data = self.context.make_array(array_type)(self.context, self.builder, array).data
        return self.builder.gep(data, [position])

    def pointer(self, array_type: Any, array: Any, position: Any) -> Any:
        element = self.element(array_type, array, position)
        return self.builder.bitcast(element, ir.PointerType(self.vector))

    def load(self, pointer: Any) -> Any:
        return self.builder.load(pointer, align=4)

    def filled(self, number: Any) -> Any:
        """A row of one number."""
        first = ir.Constant(ir.IntType(32), 0)
        alone = self.builder.insert_element(ir.Constant(self.vector, ir.Undefined), number, first)
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), self.length), [0] * self.length)
        return self.builder.shuffle_vector(alone, alone, everywhere)

    def plus(self, total: Any, share: Any, given: Any) -> Any:
        product = self.builder.fmul(share, given, flags=_CONTRACT)
        return self.builder.fadd(total, product, flags=_CONTRACT)
