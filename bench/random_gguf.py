"""GGUF files with random weights in any type of blocks, the types included that `r1 quantize` does not write.

A file is copied with its metadata; its matrices get random blocks. The speed of a product does not depend on the values
of its weights. Only the scales of the blocks are chosen, so that no weight is infinite. Layouts of blocks: the GGUF
specification and ggml's block structures.
"""
import os
import random
import struct

# name: (number in the file, elements of a block, its bytes, where the upper bytes of its f16 numbers are)
BLOCKS = {
    "f32": (0, 1, 4, []), "f16": (1, 1, 2, [1]), "q4_0": (2, 32, 18, [1]), "q4_1": (3, 32, 20, [1, 3]),
    "q5_0": (6, 32, 22, [1]), "q5_1": (7, 32, 24, [1, 3]), "q8_0": (8, 32, 34, [1]), "q2_k": (10, 256, 84, [81, 83]),
    "q3_k": (11, 256, 110, [109]), "q4_k": (12, 256, 144, [1, 3]), "q5_k": (13, 256, 176, [1, 3]),
    "q6_k": (14, 256, 210, [209]), "iq2_xxs": (16, 256, 66, [1]), "iq2_xs": (17, 256, 74, [1]),
    "iq3_xxs": (18, 256, 98, [1]), "iq1_s": (19, 256, 50, [1]), "iq4_nl": (20, 32, 18, [1]),
    "iq3_s": (21, 256, 110, [1]), "iq2_s": (22, 256, 82, [1]), "iq4_xs": (23, 256, 136, [1]),
    "iq1_m": (29, 256, 56, []), "bf16": (30, 1, 2, []), "tq1_0": (34, 256, 54, [53]), "tq2_0": (35, 256, 66, [65]),
    "mxfp4": (39, 32, 17, []),
}
BY_NUMBER = {number: (size, length) for number, size, length, _ in BLOCKS.values()}
SCALE = 0x1C  # the upper byte of an f16 between 2^-8 and 2^-7
PIECE = 1 << 20  # elements that are drawn; a larger tensor repeats them. No router is larger: its rows must differ
FIXED = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}  # sizes of GGUF's types of values
STRING, ARRAY = 8, 9


def random_blocks(kind, generator):
    """PIECE elements that are finite and small."""
    _, size, length, upper = BLOCKS[kind]
    count = PIECE // size
    data = bytearray(generator.randbytes(count * length))
    for at in upper:  # with either sign: a mean would drown what distinguishes tokens, and all would choose one expert
        data[at::length] = bytes(SCALE | byte & 0x80 for byte in data[at::length])
    if kind == "iq1_m":  # the four bits at the top of each of the last four words of scales make one f16
        data[55::length] = bytes(byte & 0x0F | 0x10 for byte in data[55::length])
    if kind == "mxfp4":  # an exponent
        data[0::length] = bytes([0x78]) * count
    if kind in ("bf16", "f32"):
        data[length - 1::length] = bytes(0x3C if byte % 2 else 0xBC for byte in data[length - 1::length])
    return bytes(data)


class Reader:
    """The header of a GGUF file."""

    def __init__(self, path):
        self.data, self.at = path.open("rb").read(1 << 26), 0

    def take(self, form):
        value = struct.unpack_from("<" + form, self.data, self.at)[0]
        self.at += struct.calcsize("<" + form)
        return value

    def string(self):
        length = self.take("Q")
        self.at += length
        return self.data[self.at - length:self.at]

    def skip_value(self, kind):
        if kind == STRING:
            self.string()
        elif kind == ARRAY:
            element, count = self.take("I"), self.take("Q")
            if element in FIXED:
                self.at += count * FIXED[element]
            else:
                for _ in range(count):
                    self.skip_value(element)
        else:
            self.at += FIXED[kind]

    def tensor(self):
        name = self.string()
        sides = [self.take("Q") for _ in range(self.take("I"))]
        number = self.take("I")
        self.take("Q")
        return name, sides, number


def count_of(sides):
    result = 1
    for side in sides:
        result *= side
    return result


def refill(source, target, kind=None, align=32):
    """Writes `source` again as `target`. Matrices get random blocks: of `kind`, or of their own type where `kind` is
    None or the matrix is in f32, as routers are. Norms become 1 and biases 0."""
    reader = Reader(source)
    reader.at = 8
    count, pairs = reader.take("Q"), reader.take("Q")
    for _ in range(pairs):
        reader.string()
        reader.skip_value(reader.take("I"))
    head = reader.data[:reader.at]
    kinds = {number: name for name, (number, *_) in BLOCKS.items()}
    tensors, infos, offset = [], b"", 0
    for _ in range(count):
        name, sides, number = reader.tensor()
        own = kinds[number]
        new = kind if kind and own != "f32" else own
        number, size, length, _ = BLOCKS[new]
        count_bytes = count_of(sides) // size * length
        infos += struct.pack("<Q", len(name)) + name + struct.pack("<I", len(sides))
        infos += b"".join(struct.pack("<Q", side) for side in sides) + struct.pack("<IQ", number, offset)
        tensors.append((new, count_bytes, name if len(sides) == 1 else None))
        offset += -(-count_bytes // align) * align
    generator, pieces = random.Random(1), {}
    with target.open("wb") as file:
        file.write(head + infos)
        file.write(bytes(-file.tell() % align))
        for new, size, vector in tensors:
            if vector is None:
                piece = pieces.get(new) or pieces.setdefault(new, random_blocks(new, generator))
            else:
                piece = struct.pack("<f", 1.0 if b"norm" in vector else 0.0) * PIECE
            for begin in range(0, size, len(piece)):
                file.write(piece[:size - begin])
            file.write(bytes(-file.tell() % align))


def random_file(source, target, kind=None):
    """The file `target`, made by refill if it is not there."""
    if not target.exists():
        unfinished = target.with_name(target.name + ".unfinished")
        refill(source, unfinished, kind)
        os.replace(unfinished, target)
    return target
