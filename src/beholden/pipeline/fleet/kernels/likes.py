"""What records say, as sums of numbers: those that say the same have the same, whatever columns say it."""

from beholden.ingest.capture.jit import kernel
from beholden.pipeline.fleet.kernels.layout import Numbers, Words


@kernel
def add(codes: Words, numbers: Numbers, marks: Words, needs: int, states: Words, likes: Numbers) -> int:
    """Add what each row's code stands for to its number, and set the marks of the code in its state.

    numbers, marks: by code plus one, first what stands for -1; each may be empty. needs: bits of which a state has to
    have one so that anything is added, 0 for none.
    """
    for row in range(len(codes)):
        at = codes[row] + 1
        if len(marks):
            states[row] |= marks[at]
        if len(numbers) and (needs == 0 or states[row] & needs != 0):
            likes[row] += numbers[at]
    return 0


@kernel
def first(codes: Words, rows: Words) -> int:
    """Give the first row of each code; rows: one for each code, -1 in each."""
    n = 0
    for row in range(len(codes)):
        code = codes[row]
        if code >= 0 and rows[code] < 0:
            rows[code] = row
            n += 1
    return n
