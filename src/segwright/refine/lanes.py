"""Rows of a few numbers as machine vectors, inside kernels.

A row has `len(lanes)` float32 numbers, known when a kernel is compiled; `lanes` is a tuple of any
integers. Numba would turn a loop over so few numbers into scalar instructions. Arrays are flat and
C-contiguous, positions count numbers, and nothing is checked.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

_CONTRACT = ("contract",)

_instructions: Any = intrinsic  # what it decorates is called without the first argument


@_instructions
def add_row(typing: Any, lanes: Any, target: Any, at: Any, share: Any, source: Any, begin: Any):
    """target[at : at + L] += share * source[begin : begin + L]"""
    signature = types.void(lanes, target, types.intp, types.float32, source, types.intp)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row = _Rows(context, builder, signature.args[0])
        _, target, at, share, source, begin = arguments
        there = row.pointer(signature.args[1], target, at)
        given = row.load(row.pointer(signature.args[4], source, begin))
        builder.store(row.plus(row.load(there), row.filled(share), given), there, align=4)
        return context.get_dummy_value()

    return signature, generate


@_instructions
def sum_rows(
    typing: Any, lanes: Any, target: Any, at: Any, factor: Any, shares: Any, numbers: Any,
    first: Any, count: Any, source: Any, origin: Any, step: Any,
):  # fmt: skip
    """target[at : at + L] = factor * sum over n of shares[n] * (row numbers[n] of source)

    n runs from `first` to `first + count - 1`. Row r of the source begins at `origin + r * step`.
    """
    signature = types.void(
        lanes, target, types.intp, types.float32, shares, numbers,
        types.intp, types.intp, source, types.intp, types.intp,
    )  # fmt: skip

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row = _Rows(context, builder, signature.args[0])
        _, target, at, factor, shares, numbers, first, count, source, origin, step = arguments
        _, to_type, _, _, share_type, number_type, _, _, from_type, _, _ = signature.args
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
        there = row.pointer(to_type, target, at)
        scaled = builder.fmul(total, row.filled(factor))
        builder.store(scaled, there, align=4)
        return context.get_dummy_value()

    return signature, generate


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
