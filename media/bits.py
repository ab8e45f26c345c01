"""Bits of codec headers, most significant first, with Exp-Golomb numbers (H.264 section 9.1)."""

from __future__ import annotations


class Bits:
    """A cursor over bytes. Reading past the end raises EOFError."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data)
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        if count > self._left:
            raise EOFError
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)

    def unsigned(self) -> int:
        """ue(v)"""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 31:
                raise EOFError
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        """se(v)"""
        code = self.unsigned()
        return (code + 1) // 2 if code & 1 else -(code // 2)
