"""When garbage is looked for is as before where a block ends, however it ends."""

import gc

import pytest

from beholden.cli.garbage import sought_anew, unsought


def fails(block):
    with block():
        yield gc.isenabled(), gc.get_freeze_count() > 0
        raise ValueError("bad")


@pytest.mark.parametrize(("block", "within"), [(unsought, (False, False)), (sought_anew, (True, True))])
def test_is_as_before_after_a_block(block, within):
    failing = fails(block)
    assert next(failing) == within
    with pytest.raises(ValueError, match="bad"):
        next(failing)
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
