"""The CBOR profile of encoding.md: one value, one encoding."""

from refused import require


def encode(value):
    if value is None:
        return b"\xf6"
    if value is True:
        return b"\xf5"
    if value is False:
        return b"\xf4"
    if isinstance(value, int):
        return _head(0, value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        text = value.encode("utf-8")
        return _head(3, len(text)) + text
    return _head(4, len(value)) + b"".join(encode(item) for item in value)


def decode(data, nesting=8, items=262_144):
    """The whole input as one value."""
    reader = _Reader(data, items)
    value = reader.value(nesting)
    require(reader.at == len(data), "bytes after the end of an item")
    return value


def _head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            return bytes([major << 5 | extra]) + number.to_bytes(size, "big")
    raise ValueError("too large")


class _Reader:
    def __init__(self, data, items):
        self.data = data
        self.at = 0
        self.items = items

    def take(self, count):
        require(count <= len(self.data) - self.at, "an item is cut off")
        piece = self.data[self.at : self.at + count]
        self.at += count
        return piece

    def value(self, nesting):
        self.items -= 1
        require(self.items >= 0, "too many items")
        first = self.take(1)[0]
        if first in (0xF4, 0xF5, 0xF6):
            return {0xF4: False, 0xF5: True, 0xF6: None}[first]
        major, number = first >> 5, self.number(first & 31)
        if major == 0:
            return number
        if major == 2:
            return self.take(number)
        if major == 3:
            try:
                return self.take(number).decode("utf-8")
            except UnicodeDecodeError:
                require(False, "text is not UTF-8")
        require(major == 4 and nesting > 0, "not an item of the profile")
        require(number <= len(self.data) - self.at, "an array is cut off")
        return [self.value(nesting - 1) for _ in range(number)]

    def number(self, info):
        if info < 24:
            return info
        require(info <= 27, "not an item of the profile")
        size = 1 << (info - 24)
        number = int.from_bytes(self.take(size), "big")
        shortest = (24, 1 << 8, 1 << 16, 1 << 32)[info - 24]
        require(shortest <= number <= 2**53 - 1, "a number is not in its shortest form, or too large")
        return number


def struct(value, count):
    require(isinstance(value, list) and len(value) == count, "not a struct of that many fields")
    return value


def versioned(value, count):
    require(struct(value, count)[0] == 1 and value[0] is not True, "another version")
    return value


def variant(value):
    tag, inside = struct(value, 2)
    return uint(tag), inside


def array(value, most):
    require(isinstance(value, list) and len(value) <= most, "not a list, or too long")
    return value


def bstr(value, least, most=None):
    """Of that size, or between two sizes."""
    require(isinstance(value, bytes) and least <= len(value) <= (least if most is None else most), "not bytes of that size")
    return value


def tstr(value, most):
    require(isinstance(value, str) and len(value.encode("utf-8")) <= most, "not text, or too long")
    return value


def uint(value, most=2**53 - 1):
    require(isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most, "not a number in its range")
    return value
